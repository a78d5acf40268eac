/** The compiled kernels: a Node-API module made from kernels/*.c for each platform (scripts/native). */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ADDON_FOLDER, addonFile } from "./addonFile.ts";

/** Threads that work on one program together. */
export type Team = { readonly team: unique symbol };
export type Program = { readonly program: unique symbol };

export interface Addon {
  createTeam(threads: number): Team;
  /** the processor's vector instructions that are used, as `avx2` */
  instructionSet(): string;
  /** @param words as program.ts writes them @param arrays how many of the caller's arrays they refer to */
  createProgram(team: Team, words: Int32Array, arenaFloats: number, arrays: number): Program;
  /** @param accumulate adds outputs that are marked so to their arrays */
  run(program: Program, arrays: readonly (Float32Array | Int32Array)[], accumulate: boolean): void;
  destroyProgram(program: Program): void;
  /**
   * One optimiser step in place.
   * @param arrays weights, gradients, first and second moments, averaged weights, all of one length
   * @param scalars gradient scale, 1 - lr decay, beta1, 1 - beta1, beta2, 1 - beta2, step size, 1 / sqrt(correction 2), epsilon, EMA decay
   */
  adamW(team: Team, arrays: readonly Float32Array[], scalars: Float64Array): void;
  /** in float64 */
  sumOfSquares(team: Team, values: Float32Array): number;
}

let loaded: Addon | null = null;

/** @throws Error where there is none for this machine, or it cannot be loaded */
export function loadAddon(): Addon {
  if (loaded) return loaded;
  const name = addonFile(process.platform, process.arch);
  const file = find(name);
  if (file === null) throw new Error(`${name} was not built`);
  loaded = createRequire(import.meta.url)(file) as Addon;
  return loaded;
}

/** Beside the bundle, or where the build puts it when sources are run. */
function find(name: string): string | null {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    for (const candidate of [join(folder, ADDON_FOLDER, name), join(folder, "dist", ADDON_FOLDER, name)]) {
      if (existsSync(candidate)) return candidate;
    }
    if (dirname(folder) === folder) return null;
  }
}
