/** The files of locks: `lock-0001.json`, `lock-0002.json` …, of which the highest number counts. */
import { closeSync, openSync } from "node:fs";
import * as z from "zod";
import { formatVersion, type Parsed, parseDocument, timestamp } from "../../core/run/format.ts";
import { asDiskError } from "./diskError.ts";
import { errorCode, namesIn, removeQuietly, writeFully } from "./files.ts";
import { readDocument } from "./status.ts";

const lockSchema = z.object({
  formatVersion: formatVersion(),
  host: z.string(),
  pid: z.number().int().min(1),
  processStart: z.string().min(1),
  acquiredAt: timestamp(),
  released: z.boolean(),
});
export type LockRecord = z.output<typeof lockSchema>;

const FILE = /^lock-(\d{4,15})\.json$/;
export const lockFileName = (number: number): string => `lock-${String(number).padStart(4, "0")}.json`;

/** Numbers of the locks in a folder. */
export function lockNumbers(runDir: string): number[] {
  return namesIn(runDir)
    .flatMap((name) => FILE.exec(name)?.[1] ?? [])
    .map(Number);
}

/** The highest number; 0: there is no lock. */
export const highestLock = (dir: string): number => Math.max(0, ...lockNumbers(dir));

/** One lock as it is written, whether or not its holder lives. */
export const readLock = (dir: string, number: number): Parsed<LockRecord> =>
  readDocument<LockRecord>(dir, lockFileName(number), (text) => parseDocument(lockSchema, text));

/** The lock of a folder as it is written, whether or not its holder lives; null: none, or one that cannot be read. */
export function currentLock(dir: string): LockRecord | null {
  const number = highestLock(dir);
  if (number === 0) return null;
  const lock = readLock(dir, number);
  return lock.ok ? lock.value : null;
}

/** Creates the file of a lock. @returns false if somebody else has @throws UserError if the disk refuses */
export function createLock(path: string, record: LockRecord): boolean {
  const bytes = Buffer.from(`${JSON.stringify(record, null, 2)}\n`);
  let fd: number;
  try {
    fd = openSync(path, "wx");
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw asDiskError(error, { path, bytes: bytes.length });
  }
  try {
    writeFully(fd, bytes);
  } catch (error) {
    removeQuietly(path);
    throw asDiskError(error, { path, bytes: bytes.length });
  } finally {
    closeSync(fd);
  }
  return true;
}
