/** Where the tests find a Python interpreter, and whether it has what a test needs. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../../scripts/vscode/paths.ts";

export type PythonSearch =
  | { readonly found: true; readonly command: string }
  /** reason: a sentence for the report of a skipped test */
  | { readonly found: false; readonly reason: string };

/** What the PyTorch references import. */
export const TORCH_MODULES = ["torch", "numpy", "safetensors"] as const;

/** What the PyTorch engine imports. */
export const TRAINER_MODULES = [...TORCH_MODULES, "yaml", "PIL"] as const;

/** torch takes a second to import on a quiet machine, and many on a busy one */
const PROBE_MILLISECONDS = 120_000;

const searches = new Map<string, PythonSearch>();

/**
 * First interpreter that imports `modules`: the one that MASKDM_PYTHON names (then no other is tried), else the repository's .venv,
 * else python3 or python on the PATH. Python 3.8 or later.
 */
export function findPython(modules: readonly string[] = []): PythonSearch {
  const key = modules.join(",");
  const known = searches.get(key);
  if (known !== undefined) return known;
  const search = searchPython(modules, candidates());
  searches.set(key, search);
  return search;
}

function candidates(): string[] {
  const named = process.env["MASKDM_PYTHON"];
  if (named !== undefined && named !== "") return [named];
  const ofRepository = [".venv/bin/python", ".venv/Scripts/python.exe"].map((file) => path.join(ROOT, file));
  return [...ofRepository.filter((file) => existsSync(file)), "python3", "python"];
}

function searchPython(modules: readonly string[], commands: readonly string[]): PythonSearch {
  const problems: string[] = [];
  for (const command of commands) {
    const program = [
      "import sys, importlib",
      "assert sys.version_info >= (3, 8), 'older than Python 3.8'",
      ...modules.map((name) => `importlib.import_module(${JSON.stringify(name)})`),
    ].join("\n");
    const result = spawnSync(command, ["-c", program], { encoding: "utf8", timeout: PROBE_MILLISECONDS });
    if (result.status === 0) return { found: true, command };
    const lastLine = result.stderr?.trim().split("\n").at(-1);
    problems.push(`${command}: ${result.error?.message ?? (lastLine || `ended with ${result.status}`)}`);
  }
  const wanted = modules.length > 0 ? ` that imports ${modules.join(", ")}` : "";
  return { found: false, reason: `no Python${wanted} (${problems.join("; ")}); MASKDM_PYTHON can name one` };
}
