/** What makes a virtual environment and installs into it: uv where it is there, else a Python with venv and pip. */
import { UserError } from "../../core/errors.ts";
import { pythonCommands } from "../../node/pythonCommands.ts";
import { pythonOf } from "../../node/torch/torchFolder.ts";
import { essence, runTool, type ToolOptions } from "../tools/runTool.ts";

export interface EnvironmentMaker {
  /** for people, such as "uv" */
  readonly name: string;
  /** makes an empty environment. @throws UserError */
  make(venv: string): Promise<void>;
  /** @param index of packages; null: the one that it is set to. @throws UserError */
  install(venv: string, packages: readonly string[], index: string | null): Promise<void>;
}

/** Versions of Python that the engine runs on; uv fetches one where there is none. */
const PYTHON_RANGE = ">=3.10";
/** Prints nothing; fails, and says why on its last line. */
const USABLE =
  "import sys; assert sys.version_info >= (3, 10), 'it is older than Python 3.10'; import venv, ensurepip, pip";

/** @throws UserError where there is neither, with what to install */
export async function findMaker(options: ToolOptions): Promise<EnvironmentMaker> {
  const named = process.env["MASKDM_PYTHON"];
  if ((await runTool("uv", ["--version"], options)).ok) return withUv(named || PYTHON_RANGE, options);
  const problems: string[] = [];
  for (const python of pythonCommands()) {
    const result = await runTool(python, ["-c", USABLE], options);
    if (result.ok) return withVenv(python, options);
    const reason = result.missing ? "not found" : (result.output.trim().split("\n").at(-1) ?? "");
    problems.push(`${python}: ${reason}`);
  }
  throw new UserError(
    `There is neither uv nor a Python 3.10 or later with venv and pip (${problems.join("; ")}). Install uv (https://docs.astral.sh/uv), which ` +
      "brings a Python along, or Python with both (Debian, Ubuntu: apt install python3-venv python3-pip), or name one by MASKDM_PYTHON.",
    "failure",
  );
}

function withUv(python: string, options: ToolOptions): EnvironmentMaker {
  return {
    name: "uv",
    make: (venv) => run("uv", ["venv", "--quiet", "--relocatable", "--python", python, venv], options),
    install: (venv, packages, index) =>
      run(
        "uv",
        [
          ...["pip", "install", "--quiet", "--python", pythonOf(venv)],
          ...indexOption("--default-index", index),
          ...packages,
        ],
        options,
      ),
  };
}

function withVenv(python: string, options: ToolOptions): EnvironmentMaker {
  return {
    name: `${python} -m venv and pip`,
    make: (venv) => run(python, ["-m", "venv", venv], options),
    install: (venv, packages, index) =>
      run(
        pythonOf(venv),
        [
          ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-warn-script-location"],
          ...["--no-input", ...indexOption("--index-url", index), ...packages],
        ],
        options,
      ),
  };
}

const indexOption = (name: string, index: string | null): string[] => (index === null ? [] : [name, index]);

async function run(program: string, args: readonly string[], options: ToolOptions): Promise<void> {
  const result = await runTool(program, args, options);
  if (result.ok) return;
  const what = [program, ...args.slice(0, 3).filter((arg) => !arg.startsWith("/"))].join(" ");
  throw new UserError(`${what} failed:\n    ${essence(result.output)}`, "failure");
}
