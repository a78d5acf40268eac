/**
 * Checkpoints: folders `checkpoints/step-00001000` that appear whole or not at all. A kill at any moment leaves those that were
 * there; a damaged one is recognised and passed over.
 */
import { closeSync, mkdirSync, openSync, readFileSync, readSync, renameSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../core/errors.ts";
import {
  type CheckpointRecord,
  type CheckpointState,
  checkpointName,
  checkpointStep,
  parseCheckpoint,
  WEIGHT_FILES,
  WEIGHT_SETS,
  type WeightSet,
} from "../../core/run/checkpointState.ts";
import { type Parsed, RUN_FORMAT_VERSION } from "../../core/run/format.ts";
import type { NamedTensor } from "../../core/run/tensor.ts";
import { crc32, crcHex } from "./crc32.ts";
import { asDiskError, formatBytes } from "./diskError.ts";
import { errorCode, namesIn, removeQuietly, replaceJson, retrySharingViolation, syncFolder } from "./files.ts";
import { type FileIntegrity, readSafetensors, safetensorsBytes, writeSafetensors } from "./safetensors.ts";

export type CheckpointTensors = Readonly<Record<WeightSet, readonly NamedTensor[]>>;

export interface Checkpoint {
  readonly dir: string;
  readonly step: number;
  readonly state: CheckpointRecord;
}
export interface DamagedCheckpoint {
  readonly dir: string;
  readonly step: number;
  readonly reason: string;
}

const STATE_FILE = "state.json";
/** Folders in the making or in removal; nobody but their writer looks into them. */
const LEFTOVER = /^\.step-\d+\.(tmp|trash)-\d+$/;

export const checkpointsFolder = (runDir: string): string => join(runDir, "checkpoints");

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
  const metadata = (weights: WeightSet) => ({ format: "pt", stage: state.stage, step: String(state.step), weights });
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
        `maskdm resume ${runDir}`,
      cause.kind,
    );
  }
}

/** Takes a folder out of sight by one rename before its files go, so that nobody meets half of it. */
function removeFolder(dir: string): void {
  const trash = join(dirname(dir), `.${basename(dir)}.trash-${process.pid}`);
  try {
    removeQuietly(trash);
    retrySharingViolation(() => renameSync(dir, trash));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  removeQuietly(trash);
}

function checksum(path: string): FileIntegrity {
  const fd = openSync(path, "r");
  try {
    const chunk = Buffer.alloc(4 * 2 ** 20);
    let crc = 0;
    let bytes = 0;
    for (let taken = readSync(fd, chunk); taken > 0; taken = readSync(fd, chunk)) {
      crc = crc32(chunk.subarray(0, taken), crc);
      bytes += taken;
    }
    return { bytes, crc32: crcHex(crc) };
  } finally {
    closeSync(fd);
  }
}

/**
 * Whether a checkpoint is whole.
 * @param depth sizes: state.json and the size of every file; full: also the checksums, which reads every byte
 */
export function checkCheckpoint(dir: string, depth: "sizes" | "full"): Parsed<CheckpointRecord> {
  try {
    const parsed = parseCheckpoint(readFileSync(join(dir, STATE_FILE), "utf8"));
    if (!parsed.ok) return { ok: false, reason: `${STATE_FILE} ${parsed.reason}` };
    const named = checkpointStep(basename(dir));
    if (named !== null && named !== parsed.value.step) {
      return { ok: false, reason: `${STATE_FILE} is of step ${parsed.value.step}` };
    }
    for (const [file, expected] of Object.entries(parsed.value.files)) {
      const path = join(dir, basename(file));
      const bytes = statSync(path).size;
      if (bytes !== expected.bytes) return { ok: false, reason: `${file} holds ${bytes} bytes of ${expected.bytes}` };
      if (depth === "full" && checksum(path).crc32 !== expected.crc32) {
        return { ok: false, reason: `${file} has another checksum than when it was written` };
      }
    }
    return parsed;
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    const path = (error as NodeJS.ErrnoException).path;
    const file = path === undefined ? "a file" : basename(path);
    return { ok: false, reason: code === "ENOENT" || code === "ENOTDIR" ? `${file} is missing` : `${file}: ${code}` };
  }
}

function checkpointFolders(runDir: string): { dir: string; step: number }[] {
  const parent = checkpointsFolder(runDir);
  return namesIn(parent)
    .map((name) => ({ dir: join(parent, name), step: checkpointStep(name) }))
    .filter((folder): folder is { dir: string; step: number } => folder.step !== null)
    .sort((a, b) => a.step - b.step);
}

/** Every checkpoint of a run, oldest first, told whole from damaged by the sizes of its files. */
export function listCheckpoints(runDir: string): { whole: Checkpoint[]; damaged: DamagedCheckpoint[] } {
  const whole: Checkpoint[] = [];
  const damaged: DamagedCheckpoint[] = [];
  for (const folder of checkpointFolders(runDir)) {
    const checked = checkCheckpoint(folder.dir, "sizes");
    if (checked.ok) whole.push({ ...folder, state: checked.value });
    else damaged.push({ ...folder, reason: checked.reason });
  }
  return { whole, damaged };
}

/**
 * The newest whole checkpoint, every byte of it checked.
 * @returns it, or null; `passedOver` names the damaged ones that are newer
 */
export function latestCheckpoint(runDir: string): { checkpoint: Checkpoint | null; passedOver: DamagedCheckpoint[] } {
  const passedOver: DamagedCheckpoint[] = [];
  for (const folder of checkpointFolders(runDir).reverse()) {
    const checked = checkCheckpoint(folder.dir, "full");
    if (checked.ok) return { checkpoint: { ...folder, state: checked.value }, passedOver };
    passedOver.push({ ...folder, reason: checked.reason });
  }
  return { checkpoint: null, passedOver };
}

/** One line about each damaged checkpoint that was passed over, for people. */
export function passedOverNotes(passedOver: readonly DamagedCheckpoint[], taken: Checkpoint | null): string[] {
  const instead = taken === null ? "no earlier one is whole" : `step ${taken.step} is taken instead`;
  return passedOver.map(({ dir, reason }) => `Checkpoint ${dir} is damaged (${reason}); ${instead}.`);
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
