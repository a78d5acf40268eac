/** TensorFlow's library from PyPI, with the binding compiled against it: where the download of the package's own is not reachable. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../core/errors.ts";
import type { ToolOptions } from "../tools/runTool.ts";
import { compileBinding, findCompiler, stripLibraries } from "./binding.ts";
import { fetchLibrary, findPip } from "./wheelLibrary.ts";
import { WHEELS } from "./wheels.ts";

/**
 * @param folder of the package tfjs-node
 * @param pythons commands that may be a Python with pip
 * @throws UserError where this machine has no wheel, a tool is missing or fails
 */
export async function installFromWheel(
  folder: string,
  pythons: readonly string[],
  say: (line: string) => void,
  options: ToolOptions,
): Promise<void> {
  const machine = `${process.platform}-${process.arch}`;
  const wheel = WHEELS[machine];
  if (!wheel) {
    throw new UserError(
      `PyPI has no wheel with TensorFlow's C library for ${machine}; the install script of the package is the only way there`,
      "failure",
    );
  }
  // Whatever is missing is told before the download.
  const compiler = await findCompiler(options);
  const python = await findPip(pythons, options);
  const deps = join(folder, "deps");
  // What an install script that failed has left.
  for (const left of [deps, join(folder, "lib")]) await rm(left, { recursive: true, force: true });
  say(`Fetching TensorFlow ${wheel.version} from PyPI (${wheel.megabytes} MB) …`);
  await fetchLibrary(wheel, python, deps, options);
  say("Compiling the binding …");
  await compileBinding(folder, wheel.libraries, compiler, options);
  await stripLibraries(folder, wheel.libraries, options);
}
