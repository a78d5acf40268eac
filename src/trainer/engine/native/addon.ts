/** The compiled kernels: a Node-API module made from kernels/*.c for each platform (scripts/native). */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ADDON_FOLDER, addonFile } from "./addonFile.ts";
import { INSTRUCTIONS_TEXT } from "./instructions.ts";

/** Threads that work on one program together. */
export type Team = { readonly team: unique symbol };
export type Program = { readonly program: unique symbol };

export interface Addon {
  /** @param instructionSet one of instructionSets() */
  createTeam(threads: number, instructionSet: string): Team;
  /** vector instructions that this processor has, as `avx2`, the best first, with spaces between them */
  instructionSets(): string;
  /** what programs are made of, as in INSTRUCTIONS_TEXT */
  instructions(): string;
  /**
   * @param words as program.ts writes them
   * @param lengths of the caller's arrays that they refer to, in elements
   * @param cancel its first element, set to anything but 0 by whoever has the memory, breaks off a run under way; null for none
   * @throws Error "memory is lacking"; "not a program" where words have no meaning or would leave the arena or an array
   */
  createProgram(
    team: Team,
    words: Int32Array,
    arenaFloats: number,
    lengths: Float64Array,
    cancel: Int32Array | null,
  ): Program;
  /**
   * @param arrays of the program's lengths and types
   * @param accumulate adds outputs that are marked so to their arrays
   * @param factors of the update of the weights (adamWFactors); null for none
   * @returns seconds that the update kept the threads from other work; negative where there was none: the loss is no number;
   * NaN where the run was broken off: no weight has changed, other arrays hold nothing of use
   * @throws Error where an array is not as the program takes it, or an index is outside of its table
   */
  run(
    program: Program,
    arrays: readonly (Float32Array | Int32Array)[],
    accumulate: boolean,
    factors: Float64Array | null,
  ): number;
  destroyProgram(program: Program): void;
  /**
   * One optimiser step in place.
   * @param arrays weights, gradients, first and second moments, averaged weights, all of one length
   * @param factors as adamWFactors gives them
   */
  adamW(team: Team, arrays: readonly Float32Array[], factors: Float64Array): void;
  /** in float64 */
  sumOfSquares(team: Team, values: Float32Array): number;
}

/** Name of this project's package. */
const PROJECT = "maskdm-studio";

const NAME = addonFile(process.platform, process.arch);

let loaded: Addon | null = null;

/** @throws Error where there is none for this machine, it cannot be loaded, or is not of these sources */
export function loadAddon(): Addon {
  if (loaded) return loaded;
  const file = addonPath();
  if (file === null) throw new Error(`${NAME} was not built`);
  const addon = createRequire(import.meta.url)(file) as Addon;
  if (addon.instructions?.() !== INSTRUCTIONS_TEXT) throw new Error(`${NAME} was built from other sources`);
  loaded = addon;
  return loaded;
}

/** Path of the module for this machine; null where it was not built. */
export function addonPath(): string | null {
  const paths = folders().map((folder) => join(folder, NAME));
  return paths.find((path) => existsSync(path)) ?? null;
}

/** Beside the bundled trainer, and where the build of the repository it lies in puts it. */
function folders(): string[] {
  const own = dirname(fileURLToPath(import.meta.url));
  const beside = join(own, ADDON_FOLDER);
  for (let folder = own; dirname(folder) !== folder; folder = dirname(folder)) {
    if (isOurs(join(folder, "package.json"))) return [beside, join(folder, "dist", ADDON_FOLDER)];
  }
  return [beside];
}

function isOurs(manifest: string): boolean {
  if (!existsSync(manifest)) return false;
  const { name } = JSON.parse(readFileSync(manifest, "utf8")) as { name?: unknown };
  return name === PROJECT;
}
