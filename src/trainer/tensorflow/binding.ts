/** Compiles tfjs-node's binding, two C++ files, against TensorFlow's C library. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { essence, runTool, type ToolOptions } from "../tools/runTool.ts";
import { NODE_HEADERS } from "./npmPackage.ts";

/** The newest version of Node's C interface that the package looks for; Node 20 has it. */
const NAPI_VERSION = 8;

const HOW_TO_GET_ONE =
  process.platform === "darwin"
    ? "xcode-select --install"
    : "Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++; or name one by the environment variable CXX";

/** Program and first arguments, as of `ccache g++`. */
export type Command = readonly [string, ...string[]];

/** @throws UserError where there is no C++ compiler that works */
export async function findCompiler(options: ToolOptions): Promise<Command> {
  const named = process.env["CXX"]?.trim();
  const candidates: Command[] = named ? [commandOf(named)] : [["c++"], ["g++"], ["clang++"]];
  for (const [program, ...args] of candidates) {
    if ((await runTool(program, [...args, "--version"], options)).ok) return [program, ...args];
  }
  const tried = candidates.map((command) => command.join(" ")).join(", ");
  throw new UserError(`there is no C++ compiler (${tried}): ${HOW_TO_GET_ONE}`, "failure");
}

/** Split at blanks, unless it is the path of one program. */
function commandOf(text: string): Command {
  if (existsSync(text)) return [text];
  const [program = text, ...args] = text.split(/\s+/);
  return [program, ...args];
}

/**
 * @param folder of the package tfjs-node, with library and headers in its deps
 * @param libraries file names of the library
 * @throws UserError where the compiler fails
 */
export async function compileBinding(
  folder: string,
  libraries: readonly string[],
  [program, ...first]: Command,
  { signal }: ToolOptions,
): Promise<void> {
  const output = join("lib", `napi-v${NAPI_VERSION}`);
  await mkdir(join(folder, output), { recursive: true });
  const result = await runTool(
    program,
    [
      ...first,
      ...["-std=c++17", "-O2", "-fPIC", "-shared", `-DNAPI_VERSION=${NAPI_VERSION}`],
      // Beside @tensorflow/tfjs-node.
      ...[join("..", "..", NODE_HEADERS, "include"), join("deps", "include")].map((path) => `-I${path}`),
      ...["tfjs_backend.cc", "tfjs_binding.cc"].map((name) => join("binding", name)),
      ...libraries.map((name) => join("deps", "lib", name)),
      // Found from the binding itself, so that the folder can be moved.
      ...(process.platform === "darwin"
        ? ["-undefined", "dynamic_lookup", "-Wl,-rpath,@loader_path/../../deps/lib"]
        : ["-Wl,-rpath,$ORIGIN/../../deps/lib"]),
      ...["-o", join(output, "tfjs_binding.node")],
    ],
    { cwd: folder, signal },
  );
  if (result.ok) return;
  throw new UserError(`the binding of tfjs-node does not compile:\n    ${essence(result.output)}`, "failure");
}

/** Takes the symbols that only debuggers read out of the library: a quarter of its size. Nothing is lost where that fails. */
export async function stripLibraries(
  folder: string,
  libraries: readonly string[],
  options: ToolOptions,
): Promise<void> {
  // On a Mac this would break the library's signature.
  if (process.platform !== "linux") return;
  const paths = libraries.map((name) => join(folder, "deps", "lib", name));
  await runTool("strip", ["--strip-unneeded", ...paths], options);
}
