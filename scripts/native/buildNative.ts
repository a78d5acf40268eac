import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addonFile } from "../../src/trainer/engine/native/addonFile.ts";
import type { Target } from "../package/targets.ts";
import { OUT } from "../vscode/paths.ts";
import { compileFile, compileKernels, kernelSources, NODE_HEADERS, runCompiler, SOURCES } from "./compileKernels.ts";
import type { Compiler } from "./compiler.ts";

const FLAGS = [
  "-O3",
  // HELPER_STACK in team.c has to be larger by far.
  "-Wframe-larger-than=120000",
];

/**
 * Compiles the kernels to a Node-API module for a platform, unless that was done already.
 * @param folder where the module goes
 * @returns the module's file, and whether it had to be compiled
 * @throws Error with the compiler's messages
 */
export async function buildNative(
  target: Target,
  compiler: Compiler,
  folder: string,
): Promise<{ file: string; compiled: boolean }> {
  const file = join(folder, addonFile(target.platform, target.arch));
  const stamp = join(OUT, "native", `${createHash("sha256").update(file).digest("hex").slice(0, 16)}.made-from`);
  const state = stateOf(compiler);
  if (existsSync(file) && existsSync(stamp) && readFileSync(stamp, "utf8") === state) return { file, compiled: false };
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(OUT, "native"), { recursive: true });
  const work = mkdtempSync(join(OUT, "native", "work-"));
  try {
    const module = await compileModule(target, compiler, work);
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
async function compileModule({ platform, arch }: Target, compiler: Compiler, work: string): Promise<string> {
  const flags = [...FLAGS, ...(platform === "win32" ? [] : ["-fPIC"])];
  const include = ["-I", NODE_HEADERS];
  const [addon, kernels] = await Promise.all([
    compileFile(compiler, join(SOURCES, "addon.c"), join(work, "addon.o"), [...flags, ...include]),
    compileKernels(arch, compiler, work, flags),
  ]);
  const linked = join(work, "linked.node");
  await runCompiler(compiler.command, [addon, ...kernels, "-shared", "-s", ...linkFlags(platform), "-o", linked]);
  return linked;
}

function linkFlags(platform: Target["platform"]): readonly string[] {
  if (platform === "darwin") return ["-undefined", "dynamic_lookup"];
  return platform === "linux" ? ["-lpthread", "-lm"] : [];
}

function stateOf({ command, version }: Compiler): string {
  const hash = createHash("sha256").update(JSON.stringify([command, version, FLAGS]));
  for (const part of kernelSources()) hash.update(part);
  return hash.digest("hex");
}
