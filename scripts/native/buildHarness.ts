import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "../package/targets.ts";
import { OUT, ROOT } from "../vscode/paths.ts";
import { compileFile, compileKernels, kernelSources, runCompiler, SOURCES } from "./compileKernels.ts";
import { type Compiler, hostCompilers } from "./compiler.ts";

/** What is looked for, by the names of the compilers' options; those that go together share a program. */
export const SANITIZERS = ["address,undefined", "thread"] as const;
export type Sanitizer = (typeof SANITIZERS)[number];

const SOURCE = join(ROOT, "test/sanitizers/harness.c");
const FOLDER = join(OUT, "sanitizers");

/** Every finding ends the program; optimised as little as keeps it quick. */
const flagsOf = (sanitizer: Sanitizer): string[] => [
  ...["-O1", "-g", "-fno-omit-frame-pointer", "-I", SOURCES],
  ...[`-fsanitize=${sanitizer}`, "-fno-sanitize-recover=all"],
];

export type Harness =
  | { readonly found: true; readonly program: readonly string[]; readonly compiler: string }
  | { readonly found: false; readonly reason: string };

/**
 * A program that executes kernels with a sanitizer (test/sanitizers/harness.c), compiled unless that was done already, by the first
 * compiler of this machine whose sanitizer works.
 * @throws Error with the compiler's messages where the kernels do not compile, warnings included
 */
export async function buildHarness(arch: Target["arch"], sanitizer: Sanitizer): Promise<Harness> {
  mkdirSync(FOLDER, { recursive: true });
  const work = mkdtempSync(join(FOLDER, "work-"));
  try {
    for (const compiler of hostCompilers()) {
      const start = tryEmpty(compiler, sanitizer, work);
      if (start === null) continue;
      const file = join(FOLDER, `harness-${sanitizer.replace(",", "-")}`);
      if (!isNewest(file, compiler, sanitizer)) {
        const objects = await Promise.all([
          compileFile(compiler, SOURCE, join(work, "harness.o"), ["-Werror", ...flagsOf(sanitizer)]),
          compileKernels(arch, compiler, work, ["-Werror", ...flagsOf(sanitizer)]),
        ]);
        const linked = join(work, "linked");
        await runCompiler(compiler.command, [
          ...objects.flat(),
          ...flagsOf(sanitizer),
          "-lpthread",
          "-lm",
          "-o",
          linked,
        ]);
        renameSync(linked, file);
        writeFileSync(`${file}.made-from`, stateOf(compiler, sanitizer));
      }
      return { found: true, program: [...start, file], compiler: compiler.version };
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

function isNewest(file: string, compiler: Compiler, sanitizer: Sanitizer): boolean {
  const stamp = `${file}.made-from`;
  return existsSync(file) && existsSync(stamp) && readFileSync(stamp, "utf8") === stateOf(compiler, sanitizer);
}

function stateOf({ command, version }: Compiler, sanitizer: Sanitizer): string {
  const hash = createHash("sha256").update(JSON.stringify([command, version, flagsOf(sanitizer)]));
  for (const part of [readFileSync(SOURCE), ...kernelSources()]) hash.update(part);
  return hash.digest("hex");
}
