import { spawnSync } from "node:child_process";
import { findPython } from "../../test/python/findPython.ts";
import type { Target } from "../package/targets.ts";

/** A C compiler for one target. */
export interface Compiler {
  /** program and first arguments */
  readonly command: readonly string[];
  readonly version: string;
}

export type CompilerSearch =
  | { readonly found: true; readonly compiler: Compiler }
  | { readonly found: false; readonly reason: string };

/** Zig's names; the oldest systems that the extension supports. */
const ZIG_TARGETS: Readonly<Record<Target["platform"], (architecture: string) => string>> = {
  linux: (architecture) => `${architecture}-linux-gnu.2.28`,
  darwin: (architecture) => `${architecture}-macos.11.0`,
  win32: (architecture) => `${architecture}-windows-gnu`,
};

/**
 * Zig's compiler where there is one, which makes modules for every platform (`pip install ziglang`); for this machine also CC, clang
 * or gcc, whose code is a few percent slower.
 */
export function findCompiler(target: Target): CompilerSearch {
  const isHost = target.platform === process.platform && target.arch === process.arch;
  const named = isHost ? process.env["CC"] : undefined;
  const architecture = target.arch === "x64" ? "x86_64" : "aarch64";
  const zigTarget = ["cc", "-target", ZIG_TARGETS[target.platform](architecture)];
  const python = named ? { found: false as const } : findPython(["ziglang"]);
  const candidates: (readonly string[])[] = named
    ? [named.split(" ")]
    : [
        ...(python.found ? [[python.command, "-m", "ziglang", ...zigTarget]] : []),
        ["zig", ...zigTarget],
        ...(isHost && target.platform !== "win32" ? [["clang"], ["gcc"], ["cc"]] : []),
      ];
  const compiler = candidates.map(compilerOf).find((candidate) => candidate !== null);
  if (compiler) return { found: true, compiler };
  const remedy = "`pip install ziglang` brings one";
  return {
    found: false,
    reason: isHost
      ? `there is no C compiler (CC, zig, clang, gcc); ${remedy}`
      : `only Zig's compiler makes modules for ${target.name}; ${remedy}`,
  };
}

/** The compilers of this machine that bring libraries of its own system along, the named one alone where CC names one. */
export function hostCompilers(): Compiler[] {
  const named = process.env["CC"];
  const commands = named ? [named.split(" ")] : [["clang"], ["gcc"], ["cc"]];
  return commands.map(compilerOf).filter((compiler) => compiler !== null);
}

/** null where there is none of that name */
function compilerOf(command: readonly string[]): Compiler | null {
  const { status, stdout } = spawnSync(command[0]!, [...command.slice(1), "--version"], { encoding: "utf8" });
  return status === 0 ? { command, version: stdout.split("\n")[0]!.trim() } : null;
}
