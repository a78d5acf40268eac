/** Finds the checkpoints of a run and tells whole ones from damaged ones. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { type CheckpointRecord, checkpointStep, parseCheckpoint } from "../../core/run/checkpointState.ts";
import type { Parsed } from "../../core/run/format.ts";
import { crc32, crcHex } from "./crc32.ts";
import { errorCode, namesIn } from "./files.ts";
import { READ_AT_ONCE, readText } from "./readText.ts";
import { checkpointsFolder } from "./runFiles.ts";

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

export const STATE_FILE = "state.json";

/** Size and checksum of a file. */
function checksum(path: string): { bytes: number; crc32: string } {
  const fd = openSync(path, READ_AT_ONCE);
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
    const parsed = parseCheckpoint(readText(join(dir, STATE_FILE)));
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
