import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "../package/targets.ts";
import { runCommand } from "../vscode/command.ts";
import { ROOT } from "../vscode/paths.ts";
import type { Compiler } from "./compiler.ts";

export const SOURCES = join(ROOT, "src/trainer/engine/native/kernels");
/** Declarations of Node-API, which addon.c takes. */
export const NODE_HEADERS = join(ROOT, "node_modules/node-api-headers/include");

const FLAGS = [
  ...["-std=c11", "-D_GNU_SOURCE", "-fvisibility=hidden", "-Wall", "-Wextra"],
  // Products are added in one rounding; square roots set no error number.
  ...["-ffp-contract=fast", "-fno-math-errno"],
];

/** First lines of what --version says of those whose warnings are known: none, so that a new one is a mistake. */
const KNOWN_COMPILERS = [/^gcc .* 12\.\d+\.\d+$/, /^clang version 22\./];

const AVX2 = ["-mavx2", "-mfma"];
const AVX512 = [...AVX2, "-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq", "-mavx512cd"];

/** Flags of the instruction sets that kernels.c is compiled for, by the names in choose.c. */
export const INSTRUCTION_SETS: Readonly<Record<Target["arch"], Readonly<Record<string, readonly string[]>>>> = {
  x64: { sse2: [], avx2: AVX2, avx512: AVX512 },
  arm64: { neon: [] },
};

/** What programs are executed with; addon.c, which makes a module of it, is not among them. */
const UNITS = ["team", "choose", "moves", "updates", "check", "step", "program"];

/**
 * Compiles everything but what makes a module of it.
 * @param folder where the object files go
 * @param flags besides those of every build
 * @returns the object files
 * @throws Error with the compiler's messages
 */
export function compileKernels(
  arch: Target["arch"],
  compiler: Compiler,
  folder: string,
  flags: readonly string[],
): Promise<string[]> {
  const compile = (source: string, object: string, own: readonly string[]) =>
    compileFile(compiler, join(SOURCES, `${source}.c`), join(folder, `${object}.o`), [...flags, ...own]);
  return Promise.all([
    ...Object.entries(INSTRUCTION_SETS[arch]).map(([name, own]) =>
      compile("kernels", name, [...own, `-DKERNELS=${name}`]),
    ),
    ...UNITS.map((name) => compile(name, name, [])),
  ]);
}

/** @returns the object file */
export async function compileFile(
  { command, version }: Compiler,
  source: string,
  object: string,
  flags: readonly string[],
): Promise<string> {
  const strict = KNOWN_COMPILERS.some((known) => known.test(version)) ? ["-Werror"] : [];
  await runCompiler(command, [...FLAGS, ...strict, ...flags, "-c", source, "-o", object]);
  return object;
}

export function runCompiler([program, ...first]: readonly string[], args: readonly string[]): Promise<string> {
  return runCommand(program!, [...first, ...args], { cwd: ROOT });
}

/** What the result of a build depends on besides its own flags. */
export function kernelSources(): (string | Buffer)[] {
  const files = readdirSync(SOURCES).sort();
  return [
    JSON.stringify([FLAGS, INSTRUCTION_SETS, UNITS, KNOWN_COMPILERS.map(String)]),
    ...files.flatMap((name) => [name, readFileSync(join(SOURCES, name))]),
  ];
}
