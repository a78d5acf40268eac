import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { addonFile } from "../../src/trainer/engine/native/addonFile.ts";
import type { Target } from "../package/targets.ts";
import { runCommand } from "../vscode/command.ts";
import { OUT, ROOT } from "../vscode/paths.ts";
import type { Compiler } from "./compiler.ts";

const SOURCES = join(ROOT, "src/trainer/engine/native/kernels");
const HEADERS = join(ROOT, "node_modules/node-api-headers");

const FLAGS = [
  ...["-O3", "-std=c11", "-D_GNU_SOURCE", "-fvisibility=hidden", "-Wall", "-Wextra"],
  // Products are added in one rounding; square roots set no error number.
  ...["-ffp-contract=fast", "-fno-math-errno"],
];
const AVX2 = ["-mavx2", "-mfma"];
const AVX512 = [...AVX2, "-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq", "-mavx512cd"];

/** Flags of the instruction sets that kernels.c is compiled for, by the names in choose.c. */
const INSTRUCTION_SETS: Readonly<Record<Target["arch"], Readonly<Record<string, readonly string[]>>>> = {
  x64: { sse2: [], avx2: AVX2, avx512: AVX512 },
  arm64: { neon: [] },
};

/**
 * Compiles the kernels to a Node-API module for a platform, unless that was done already.
 * @param folder where the module goes
 * @returns the module's file, and whether it had to be compiled
 * @throws Error with the compiler's messages
 */
export async function buildNative(
  target: Target,
  { command, version }: Compiler,
  folder: string,
): Promise<{ file: string; compiled: boolean }> {
  const file = join(folder, addonFile(target.platform, target.arch));
  const stamp = join(OUT, "native", `${createHash("sha256").update(file).digest("hex").slice(0, 16)}.made-from`);
  const state = stateOfSources([...command, version]);
  if (existsSync(file) && existsSync(stamp) && readFileSync(stamp, "utf8") === state) return { file, compiled: false };
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(OUT, "native"), { recursive: true });
  const work = mkdtempSync(join(OUT, "native", "work-"));
  try {
    const module = await compileModule(target, command, work);
    // Moved to its place whole, so that nobody loads a part of it.
    if (process.platform === "win32") setAside(file);
    renameSync(module, file);
  } catch (error) {
    // No module of other sources is left to be taken for this one.
    setAside(file);
    throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  writeFileSync(stamp, state);
  return { file, compiled: true };
}

/** A process that has the module loaded keeps it; Windows lets such a file be renamed, but not removed. */
function setAside(file: string): void {
  if (!existsSync(file)) return;
  try {
    rmSync(file);
  } catch {
    renameSync(file, `${file}.${Date.now()}.old`);
  }
}

/** @returns the module's file in the folder `work` */
async function compileModule(target: Target, command: readonly string[], work: string): Promise<string> {
  const position = target.platform === "win32" ? [] : ["-fPIC"];
  const compile = async (source: string, object: string, flags: readonly string[]) => {
    const output = join(work, `${object}.o`);
    const include = ["-I", join(HEADERS, "include")];
    await run(command, [...FLAGS, ...position, ...include, ...flags, "-c", join(SOURCES, source), "-o", output]);
    return output;
  };
  const objects = await Promise.all([
    ...Object.entries(INSTRUCTION_SETS[target.arch]).map(([name, flags]) =>
      compile("kernels.c", name, [...flags, `-DKERNELS=${name}`]),
    ),
    ...["team", "choose", "moves", "updates", "program", "addon"].map((name) => compile(`${name}.c`, name, [])),
  ]);
  const linked = join(work, "linked.node");
  await run(command, [...objects, "-shared", "-s", ...linkFlags(target), "-o", linked]);
  return linked;
}

function linkFlags({ platform }: Target): readonly string[] {
  if (platform === "darwin") return ["-undefined", "dynamic_lookup"];
  return platform === "linux" ? ["-lpthread", "-lm"] : [];
}

function run([program, ...first]: readonly string[], args: readonly string[]): Promise<string> {
  return runCommand(program!, [...first, ...args], { cwd: ROOT });
}

function stateOfSources(parts: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify([parts, FLAGS, INSTRUCTION_SETS]));
  for (const name of readdirSync(SOURCES).sort()) hash.update(name).update(readFileSync(join(SOURCES, name)));
  return hash.digest("hex");
}
