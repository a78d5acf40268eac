import { spawnSync } from "node:child_process";
import path from "node:path";
import { ROOT } from "../../scripts/vscode/paths.ts";

/**
 * Runs a script of test/python to its end.
 * @param script file name within test/python
 * @param input sent on stdin as JSON
 * @returns what it wrote to stdout
 * @throws Error with its stderr where it fails
 */
export function runPython(command: string, script: string, input: unknown): string {
  const result = spawnSync(command, [path.join(ROOT, "test/python", script)], {
    input: JSON.stringify(input),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    // No __pycache__ in the working tree.
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", PYTHONPATH: path.join(ROOT, "src/torch") },
  });
  if (result.status !== 0) throw new Error(`${script} failed: ${result.error?.message ?? result.stderr}`);
  return result.stdout;
}
