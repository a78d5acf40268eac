/** Finds what a user means by a run or a checkpoint: a path, or the id of a run. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../../core/errors.ts";
import { type CheckpointRecord, WEIGHT_FILES } from "../../core/run/checkpointState.ts";
import { compareNames } from "../../core/run/runOrder.ts";
import { resolvePath } from "../homePath.ts";
import { maskdmCommand } from "../shellCommand.ts";
import { checkCheckpoint, latestCheckpoint, passedOverNotes } from "./checkpoints.ts";
import { classesInWeights } from "./classesInWeights.ts";
import { namesIn } from "./files.ts";
import { looksLikeRun } from "./list.ts";
import { EXPERIMENT_FILE, readRun } from "./runFiles.ts";

/** Weights to start from, and what is known around them. All paths are absolute. */
export interface Source {
  readonly runDir?: string;
  readonly checkpointDir?: string;
  readonly modelFile: string;
  readonly emaFile?: string;
  /** the run's frozen experiment file */
  readonly experimentFile?: string;
  /** optimiser steps behind the weights; null: a bare file does not say */
  readonly step: number | null;
  /** names of the model's classes by number; null: it has none, or they are not recorded */
  readonly classes: readonly string[] | null;
  /** what the user should know, e.g. that a damaged checkpoint was passed over */
  readonly notes: readonly string[];
}

const kindOf = (path: string): "file" | "folder" | "none" => {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? "none" : stat.isDirectory() ? "folder" : "file";
};

/** The existing path that a text names: as it stands, or inside a folder of runs. */
function locate(text: string, runsDirs: readonly string[]): string | null {
  if (text.trim() === "") return null;
  const candidates = [text, ...runsDirs.map((dir) => join(dir, text))].map((path) => resolve(path));
  // A folder of the same name that is no run must not hide the run of that id.
  const isUseful = (path: string) => kindOf(path) === "file" || looksLikeRun(path) || isCheckpointFolder(path);
  return candidates.find(isUseful) ?? candidates.find(existsSync) ?? null;
}

const isCheckpointFolder = (path: string): boolean =>
  Object.values(WEIGHT_FILES).some((file) => existsSync(join(path, file))) || existsSync(join(path, "state.json"));

function notFound(text: string, runsDirs: readonly string[]): UserError {
  const known = runsDirs
    .flatMap((dir) => namesIn(dir).filter((name) => looksLikeRun(join(dir, name))))
    .sort(compareNames);
  const near = known.filter((id) => id.includes(text) || text.includes(id));
  const shown = (near.length > 0 ? near : known).slice(-5);
  const where = runsDirs.map((dir) => resolve(dir)).join(" or ");
  const there = shown.length === 0 ? "there are no runs in it" : `runs there: ${shown.join(", ")}`;
  return new UserError(
    `${JSON.stringify(text)} is neither a path nor the id of a run in ${where} (${there}). ` +
      "List the runs with: maskdm runs",
  );
}

/**
 * finetune.from as a name to look for: a relative path starts at the file that writes it, ~ is the user's home; anything else may be
 * the id of a run.
 * @param folder of the experiment file
 */
export function namedInFile(from: string, folder: string): string {
  return /^[.~]|\//.test(from) ? resolvePath(folder, from) : from;
}

/**
 * Finds a run folder by path or id.
 * @throws UserError if there is none, or if only a part of it is named: a run is resumed and stopped as a whole
 */
export function resolveRun(text: string, runsDirs: readonly string[]): string {
  const path = locate(text, runsDirs);
  if (path === null) throw notFound(text, runsDirs);
  if (looksLikeRun(path)) return path;
  const parents = [dirname(path), dirname(dirname(path)), dirname(dirname(dirname(path)))];
  const around = parents.find(looksLikeRun);
  if (around !== undefined) {
    throw new UserError(
      `${path} is a part of the run ${around}. Name the run itself; it is resumed from its newest whole checkpoint.`,
    );
  }
  throw new UserError(`${path} is not a run folder: it holds no run.json. List the runs with: maskdm runs`);
}

/**
 * Finds weights: of a run folder or run id (its newest whole checkpoint), of a checkpoint folder, or a safetensors file.
 * @param runsDirs folders in which run ids are looked for
 * @throws UserError if there is none, or if a checkpoint named is damaged
 */
export function resolveSource(text: string, runsDirs: readonly string[]): Source {
  const path = locate(text, runsDirs);
  if (path === null) throw notFound(text, runsDirs);
  if (kindOf(path) === "file") return sourceFile(path);
  // state.json alone tells apart a checkpoint from a run whose name looks like one.
  if (!looksLikeRun(path) && isCheckpointFolder(path)) return sourceCheckpoint(path, []);
  const runDir = basename(path) === "checkpoints" && looksLikeRun(dirname(path)) ? dirname(path) : path;
  if (!looksLikeRun(runDir)) {
    throw new UserError(
      `${path} is neither a run folder nor a checkpoint: it holds no run.json and no safetensors file.`,
    );
  }
  const { checkpoint, passedOver } = latestCheckpoint(runDir);
  const notes = passedOverNotes(passedOver, checkpoint);
  if (checkpoint === null) {
    const why = notes.length > 0 ? notes.join(" ") : "It ended, or stands, before its first one; see checkpoint_every.";
    throw new UserError(`${runDir} has no whole checkpoint. ${why}`);
  }
  return sourceCheckpoint(checkpoint.dir, notes);
}

/** @param dir a checkpoint folder, in a run or on its own */
function sourceCheckpoint(dir: string, notes: readonly string[]): Source {
  const checked = checkCheckpoint(dir, "sizes");
  if (!checked.ok) {
    throw new UserError(`Checkpoint ${dir} is damaged: ${checked.reason}. Take another one in ${dirname(dir)}.`);
  }
  const around = surroundings(dir);
  return {
    ...around,
    checkpointDir: dir,
    modelFile: join(dir, WEIGHT_FILES.raw),
    emaFile: join(dir, WEIGHT_FILES.ema),
    step: checked.value.step,
    classes: classesOf(checked.value, around.runDir),
    notes,
  };
}

/**
 * @param file weights. Those of a checkpoint bring it along: ema.safetensors named outright is then both, raw and EMA, because the
 * user wants these weights whatever the option says.
 */
function sourceFile(file: string): Source {
  if (!file.endsWith(".safetensors")) {
    throw new UserError(
      `${file} is not a safetensors file. Name a run, a checkpoint folder or a file of weights; one of PyTorch becomes a run by: ${maskdmCommand("import", file)}`,
    );
  }
  const dir = dirname(file);
  const checked = checkCheckpoint(dir, "sizes");
  if (basename(file) === WEIGHT_FILES.optimizer) {
    throw new UserError(`${file} holds the optimiser's state, not weights. Name ${WEIGHT_FILES.raw} beside it.`);
  }
  if (!checked.ok) return { modelFile: file, step: null, classes: classesInWeights(file), notes: [] };
  const isModel = basename(file) === WEIGHT_FILES.raw;
  const around = surroundings(dir);
  return {
    ...around,
    checkpointDir: dir,
    modelFile: file,
    emaFile: isModel ? join(dir, WEIGHT_FILES.ema) : file,
    step: checked.value.step,
    classes: classesOf(checked.value, around.runDir),
    notes: [],
  };
}

/** Names of the classes of a checkpoint; an earlier version may have written it, and a later one the run's newest session. */
function classesOf({ classes }: CheckpointRecord, runDir: string | undefined): readonly string[] | null {
  if (classes !== undefined || runDir === undefined) return classes ?? null;
  const run = readRun(runDir);
  return run.ok ? (run.value.classes ?? null) : null;
}

/** The run that a checkpoint folder stands in, if it does. */
function surroundings(checkpointDir: string): Pick<Source, "runDir" | "experimentFile"> {
  const runDir = dirname(dirname(checkpointDir));
  if (basename(dirname(checkpointDir)) !== "checkpoints" || !looksLikeRun(runDir)) return {};
  const experimentFile = join(runDir, EXPERIMENT_FILE);
  return { runDir, ...(existsSync(experimentFile) ? { experimentFile } : {}) };
}
