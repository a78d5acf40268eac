/**
 * Writes checkpoints: folders `checkpoints/step-00001000` that appear whole or not at all. A kill at any moment leaves those that were
 * there.
 */
import { mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../../core/errors.ts";
import type { NamedTensor } from "../../core/model/tensor.ts";
import {
  type CheckpointRecord,
  type CheckpointState,
  checkpointName,
  WEIGHT_FILES,
  WEIGHT_SETS,
  type WeightSet,
} from "../../core/run/checkpointState.ts";
import { RUN_FORMAT_VERSION } from "../../core/run/format.ts";
import { checkCheckpoint, listCheckpoints, STATE_FILE } from "../../node/run/checkpoints.ts";
import { asDiskError, formatBytes } from "../../node/run/diskError.ts";
import {
  namesIn,
  removeFolder,
  removeQuietly,
  replaceJson,
  retrySharingViolation,
  syncFolder,
} from "../../node/run/files.ts";
import { checkpointsFolder } from "../../node/run/runFiles.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import { type FileIntegrity, readSafetensors, safetensorsBytes, writeSafetensors } from "./safetensors.ts";

export type CheckpointTensors = Readonly<Record<WeightSet, readonly NamedTensor[]>>;

/** Folders in the making or in removal; nobody but their writer looks into them. */
const LEFTOVER = /^\.step-\d+\.(tmp|trash)-\d+$/;

/**
 * Writes a checkpoint: everything into `.step-….tmp-<pid>`, flushed, state.json last, then one rename. If a whole checkpoint of that
 * step is already there (a run stopped right after saving), it is kept and nothing is written.
 * @param onProgress called after every chunk written, for the heartbeat of a large checkpoint
 * @returns the checkpoint's folder
 * @throws UserError of kind failure if the disk refuses; earlier checkpoints are intact and nothing is left behind
 */
export function writeCheckpoint(
  runDir: string,
  state: CheckpointState,
  tensors: CheckpointTensors,
  onProgress: () => void = () => {},
): string {
  const parent = checkpointsFolder(runDir);
  const name = checkpointName(state.step);
  const target = join(parent, name);
  if (checkCheckpoint(target, "full").ok) return target;
  const temporary = join(parent, `.${name}.tmp-${process.pid}`);
  const classes = state.classes === undefined ? {} : { classes: JSON.stringify(state.classes) };
  const metadata = (weights: WeightSet) => ({
    format: "pt",
    stage: state.stage,
    step: String(state.step),
    weights,
    ...classes,
  });
  try {
    removeQuietly(temporary);
    mkdirSync(temporary, { recursive: true });
    const files: Record<string, FileIntegrity> = {};
    for (const set of WEIGHT_SETS) {
      const file = join(temporary, WEIGHT_FILES[set]);
      files[WEIGHT_FILES[set]] = writeSafetensors(file, tensors[set], metadata(set), onProgress);
    }
    const record = { formatVersion: RUN_FORMAT_VERSION, ...state, createdAt: new Date().toISOString(), files };
    replaceJson(join(temporary, STATE_FILE), record, true);
    removeFolder(target); // a damaged one of the same step, or nothing
    retrySharingViolation(() => renameSync(temporary, target));
    syncFolder(parent);
    return target;
  } catch (error) {
    removeQuietly(temporary);
    const bytes = WEIGHT_SETS.reduce((sum, set) => sum + safetensorsBytes(tensors[set], metadata(set)), 0);
    const cause = asDiskError(error, { path: target, bytes });
    if (!(cause instanceof UserError)) throw cause;
    throw new UserError(
      `The checkpoint of step ${state.step} was not written. ${cause.message} A checkpoint of this run takes ` +
        `${formatBytes(bytes)}. Earlier checkpoints in ${parent} are intact. When the cause is removed, go on with: ` +
        maskdmCommand("resume", runDir),
      cause.kind,
    );
  }
}

/**
 * Reads a checkpoint, checksums compared.
 * @param which the sets of tensors wanted
 * @throws UserError if it is damaged
 */
export function readCheckpoint<W extends WeightSet>(
  dir: string,
  which: readonly W[],
): { state: CheckpointRecord; tensors: Record<W, Map<string, NamedTensor>> } {
  const remedy = `Take another checkpoint in ${dirname(dir)}, or name the run to take its newest whole one.`;
  const checked = checkCheckpoint(dir, "sizes");
  if (!checked.ok) throw new UserError(`Checkpoint ${dir} is damaged: ${checked.reason}. ${remedy}`);
  const tensors = {} as Record<W, Map<string, NamedTensor>>;
  for (const set of which) {
    const file = WEIGHT_FILES[set];
    const read = readSafetensors(join(dir, file));
    if (read.integrity.crc32 !== checked.value.files[file]?.crc32) {
      throw new UserError(
        `Checkpoint ${dir} is damaged: ${file} has another checksum than when it was written. ${remedy}`,
      );
    }
    tensors[set] = read.tensors;
  }
  return { state: checked.value, tensors };
}

/**
 * Removes old checkpoints: kept are the newest `keep` whole ones (at least one) and those whose step is a multiple of `keepEvery`.
 * Damaged ones are left alone: they may still be of use to somebody.
 * @returns the folders removed
 */
export function pruneCheckpoints(runDir: string, rule: { keep: number; keepEvery: number | null }): string[] {
  const { whole } = listCheckpoints(runDir);
  const old = whole.slice(0, -Math.max(1, rule.keep));
  const removed = old.filter(({ step }) => rule.keepEvery === null || step % rule.keepEvery !== 0);
  for (const { dir } of removed) removeFolder(dir);
  return removed.map(({ dir }) => dir);
}

/** Removes what killed writers left half-done. Only for the one writer of a run: nobody else may be writing a checkpoint. */
export function cleanCheckpointLeftovers(runDir: string): string[] {
  const parent = checkpointsFolder(runDir);
  const leftovers = namesIn(parent).filter((name) => LEFTOVER.test(name));
  for (const name of leftovers) removeQuietly(join(parent, name));
  return leftovers.map((name) => join(parent, name));
}
