import { spawn } from "node:child_process";
import { ROOT } from "../../scripts/vscode/paths.ts";

/**
 * Starts a program as several processes by PyTorch's own launcher, and waits for its end.
 * @param program with its arguments, from the root of the repository
 * @throws Error with what it wrote to stderr where it fails
 */
export function torchrun(python: string, processes: number, program: readonly string[]): Promise<void> {
  const launcher = ["-m", "torch.distributed.run", "--standalone", `--nproc-per-node=${processes}`];
  return new Promise((resolve, reject) => {
    const child = spawn(python, [...launcher, ...program], {
      cwd: ROOT,
      stdio: ["ignore", "ignore", "pipe"],
      // No __pycache__ in the working tree.
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", PYTHONPATH: "src/torch:test/python" },
    });
    let stderr = "";
    child.stderr.on("data", (text: Buffer) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`torchrun ended with ${code}: ${stderr}`))));
  });
}
