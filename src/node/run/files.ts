/** Writing files so that a reader, a kill or a power failure never meets a half-written one. */
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { threadId } from "node:worker_threads";
import { asDiskError } from "./diskError.ts";

/** Errors of a rename or removal that pass by themselves: on Windows, while another process has the file open. */
const SHARING_VIOLATIONS = new Set(["EPERM", "EACCES", "EBUSY"]);
const RETRY_FOR_MS = 2000;

export const errorCode = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code;

/** Blocks this thread. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Runs a rename or removal, again for up to two seconds while Windows reports that somebody has the file open. */
export function retrySharingViolation(work: () => void, retries: boolean = process.platform === "win32"): void {
  const until = Date.now() + RETRY_FOR_MS;
  for (let wait = 5; ; wait = Math.min(2 * wait, 200)) {
    try {
      work();
      return;
    } catch (error) {
      if (!retries || !SHARING_VIOLATIONS.has(errorCode(error) ?? "") || Date.now() > until) throw error;
      pause(wait);
    }
  }
}

/** Makes the names in a folder durable. Windows cannot and need not. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes all bytes, however many the system takes at a time. */
export function writeFully(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
}

/** Temporary names must differ between the threads of a process, too. */
let serial = threadId * 1e9;

/**
 * Replaces a file as a whole: temporary file beside it, then rename.
 * @param durable flush to the disk, so that it survives a power failure
 * @throws UserError if the disk refuses; the old file is intact
 */
export function replaceFile(path: string, content: string | Uint8Array, durable: boolean): void {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const temporary = join(dirname(path), `.${basename(path)}.tmp-${process.pid}-${serial++}`);
  try {
    const fd = openSync(temporary, "w");
    try {
      writeFully(fd, bytes);
      if (durable) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    retrySharingViolation(() => renameSync(temporary, path));
    if (durable) syncFolder(dirname(path));
  } catch (error) {
    removeQuietly(temporary);
    throw asDiskError(error, { path, bytes: bytes.length });
  }
}

/** Replaces a JSON document as a whole; see replaceFile. */
export function replaceJson(path: string, value: unknown, durable: boolean): void {
  replaceFile(path, `${JSON.stringify(value, null, 2)}\n`, durable);
}

/** Removes a file or folder, if it can. */
export function removeQuietly(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 50 });
  } catch {
    // Left for the next cleaning.
  }
}

/**
 * Takes a folder out of sight by one rename before its files go, so that nobody meets half of it. What others are still writing there may keep
 * some of it, as `.NAME.trash-PID`, for the next cleaning.
 * @throws Error where it cannot be renamed; one that is not there is no error
 */
export function removeFolder(dir: string): void {
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

/** What it means that a folder does not exist: a link that leads in a circle leads nowhere, too. */
const NOT_THERE = new Set(["ENOENT", "ENOTDIR", "ELOOP"]);

/** Names in a folder; none if it does not exist. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (NOT_THERE.has(errorCode(error) ?? "")) return [];
    throw error;
  }
}
