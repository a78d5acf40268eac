import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { Target } from "../package/targets.ts";
import { OUT, ROOT } from "../vscode/paths.ts";
import { compileFile, compileKernels, kernelSources, NODE_HEADERS, runCompiler, SOURCES } from "./compileKernels.ts";
import { type Compiler, hostCompilers } from "./compiler.ts";

/** What is looked for, by the names of the compilers' options; those that go together share a program. */
export const SANITIZERS = ["address,undefined", "thread"] as const;
export type Sanitizer = (typeof SANITIZERS)[number];

const HARNESS = join(ROOT, "test/sanitizers/harness.c");
const FOLDER = join(OUT, "sanitizers");

/** Every finding ends the program; optimised as little as keeps it quick. */
const flagsOf = (sanitizer: Sanitizer): string[] => [
  ...["-O1", "-g", "-fno-omit-frame-pointer", "-I", SOURCES],
  ...[`-fsanitize=${sanitizer}`, "-fno-sanitize-recover=all"],
];

export type Sanitized =
  | {
      readonly found: true;
      /** an absolute path */
      readonly file: string;
      /** what a program of it has to be started with */
      readonly start: readonly string[];
      readonly compiler: Compiler;
    }
  | { readonly found: false; readonly reason: string };

/** Something that the kernels are a part of. */
interface Product {
  readonly name: string;
  /** besides the kernels */
  readonly source: string;
  /** for compiling and linking */
  readonly flags: readonly string[];
}

/**
 * A program that executes kernels with a sanitizer (test/sanitizers/harness.c), compiled unless that was done already, by the first
 * compiler of this machine whose sanitizer works.
 * @throws Error with the compiler's messages where the kernels do not compile, warnings included
 */
export function buildHarness(arch: Target["arch"], sanitizer: Sanitizer): Promise<Sanitized> {
  return buildSanitized(arch, sanitizer, { name: "harness", source: HARNESS, flags: [] });
}

/** The module itself, with the address and undefined-behaviour sanitizers. @throws as buildHarness */
export function buildCheckedModule(arch: Target["arch"]): Promise<Sanitized> {
  const flags = ["-fPIC", "-shared", "-I", NODE_HEADERS];
  return buildSanitized(arch, "address,undefined", { name: "module.node", source: join(SOURCES, "addon.c"), flags });
}

/** The library that has to be loaded before a program which has no sanitizer of its own loads such a module; null where it is none. */
export function addressSanitizerLibrary({ command }: Compiler): string | null {
  const name = "libasan.so";
  const found = spawnSync(command[0]!, [...command.slice(1), `-print-file-name=${name}`], { encoding: "utf8" });
  const path = found.stdout?.trim() ?? "";
  return found.status === 0 && isAbsolute(path) && existsSync(path) ? path : null;
}

async function buildSanitized(arch: Target["arch"], sanitizer: Sanitizer, product: Product): Promise<Sanitized> {
  mkdirSync(FOLDER, { recursive: true });
  const work = mkdtempSync(join(FOLDER, "work-"));
  const flags = ["-Werror", ...flagsOf(sanitizer), ...product.flags];
  try {
    for (const compiler of hostCompilers()) {
      const start = tryEmpty(compiler, sanitizer, work);
      if (start === null) continue;
      const file = join(FOLDER, `${sanitizer.replace(",", "-")}-${product.name}`);
      const state = stateOf(compiler, flags, product.source);
      if (!isMadeFrom(file, state)) {
        const [own, kernels] = await Promise.all([
          compileFile(compiler, product.source, join(work, "own.o"), flags),
          compileKernels(arch, compiler, work, flags),
        ]);
        const linked = join(work, "linked");
        await runCompiler(compiler.command, [own, ...kernels, ...flags, "-lpthread", "-lm", "-o", linked]);
        renameSync(linked, file);
        writeFileSync(`${file}.made-from`, state);
      }
      return { found: true, file, start, compiler };
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return {
    found: false,
    reason: `no compiler here (CC, clang, gcc) makes programs with -fsanitize=${sanitizer} that run`,
  };
}

/**
 * Whether an empty program with the sanitizer compiles and runs.
 * @returns what such programs have to be started with; null where they do not run
 */
function tryEmpty({ command }: Compiler, sanitizer: Sanitizer, work: string): readonly string[] | null {
  const [source, program] = [join(work, "empty.c"), join(work, "empty")];
  writeFileSync(source, "int main(void) { return 0; }\n");
  const compiled = spawnSync(command[0]!, [...command.slice(1), source, `-fsanitize=${sanitizer}`, "-o", program]);
  if (compiled.status !== 0) return null;
  // Older sanitizers cannot live with memory spread as widely at random as newer kernels do.
  const starts = [[], ["setarch", "-R"]];
  return starts.find((start) => spawnSync([...start, program][0]!, [...start, program].slice(1)).status === 0) ?? null;
}

function isMadeFrom(file: string, state: string): boolean {
  const stamp = `${file}.made-from`;
  return existsSync(file) && existsSync(stamp) && readFileSync(stamp, "utf8") === state;
}

function stateOf({ command, version }: Compiler, flags: readonly string[], source: string): string {
  const hash = createHash("sha256").update(JSON.stringify([command, version, flags]));
  for (const part of [readFileSync(source), ...kernelSources()]) hash.update(part);
  return hash.digest("hex");
}
