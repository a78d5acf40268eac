/**
 * One writer per run. Locks are files `lock-0001.json`, `lock-0002.json` …: the highest number counts. Whoever finds it released, or its
 * holder dead, creates the next number, which the file system grants to one contender only. Nothing that could be somebody's live
 * lock is ever removed or renamed, so two contenders for a stale lock cannot both win.
 */
import { closeSync, openSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { UserError } from "../../core/errors.ts";
import { formatVersion, parseDocument, RUN_FORMAT_VERSION, timestamp } from "../../core/run/format.ts";
import { heartbeatIsFresh, type ProcessIdentity, STALE_SECONDS } from "../../core/run/liveness.ts";
import { isFinal } from "../../core/run/status.ts";
import { maskdmCommand } from "../shellCommand.ts";
import { asDiskError } from "./diskError.ts";
import { errorCode, namesIn, pause, removeQuietly, replaceJson, writeFully } from "./files.ts";
import { checkProcess, thisProcess } from "./process.ts";
import { readDocument, readStatus } from "./status.ts";

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
const fileName = (number: number): string => `lock-${String(number).padStart(4, "0")}.json`;
/** A lock that cannot be read yet is being written; if it stays so, its writer died over it. */
const UNREADABLE_FOR_MS = 3000;

/** A holder that has written its last status is about to release; so long it is waited for. */
const PATIENCE_MS = 5000;

/** Who writes a run: nobody, or a process; `by` is null while that is just creating its lock. */
export type Holder =
  | { readonly held: false }
  | { readonly held: true; readonly by: ProcessIdentity | null; readonly certain: boolean };

function numbersIn(runDir: string): number[] {
  return namesIn(runDir)
    .flatMap((name) => FILE.exec(name)?.[1] ?? [])
    .map(Number);
}

/** @param number of the lock to look at; 0 for none */
function holderOf(runDir: string, number: number): Holder {
  if (number === 0) return { held: false };
  const lock = readDocument<LockRecord>(runDir, fileName(number), (text) => parseDocument(lockSchema, text));
  if (!lock.ok) {
    const stat = statSync(join(runDir, fileName(number)), { throwIfNoEntry: false });
    const fresh = stat !== undefined && Math.abs(Date.now() - stat.mtimeMs) < UNREADABLE_FOR_MS;
    return fresh ? { held: true, by: null, certain: true } : { held: false };
  }
  if (lock.value.released) return { held: false };
  const check = checkProcess(lock.value);
  if (check !== "unknown") return check === "alive" ? { held: true, by: lock.value, certain: true } : { held: false };
  // Another host, or the same before a reboot: only its heartbeat can tell.
  const status = readStatus(runDir);
  const sign = [lock.value.acquiredAt, status.ok ? status.value.heartbeat : null];
  return sign.some((time) => time !== null && heartbeatIsFresh(time, Date.now()))
    ? { held: true, by: lock.value, certain: false }
    : { held: false };
}

/** The lock of a folder as it is written, whether or not its holder lives; null: none, or one that cannot be read. */
export function currentLock(dir: string): LockRecord | null {
  const number = Math.max(0, ...numbersIn(dir));
  if (number === 0) return null;
  const lock = readDocument<LockRecord>(dir, fileName(number), (text) => parseDocument(lockSchema, text));
  return lock.ok ? lock.value : null;
}

/** Who writes a run now. */
export function lockHolder(runDir: string): Holder {
  return holderOf(runDir, Math.max(0, ...numbersIn(runDir)));
}

export class RunLock {
  constructor(
    private readonly runDir: string,
    private readonly number: number,
    private record: LockRecord,
  ) {}

  /** A sign of life for those that cannot look for this process; for holders that write no heartbeat. */
  renew(): void {
    this.record = { ...this.record, acquiredAt: new Date().toISOString() };
    replaceJson(join(this.runDir, fileName(this.number)), this.record, false);
  }

  /** Gives the run free for the next writer. If the disk refuses, the end of this process does it. */
  release(): void {
    try {
      replaceJson(join(this.runDir, fileName(this.number)), { ...this.record, released: true }, false);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }
}

/**
 * Makes this process the writer of a run.
 * @throws UserError if another process is, or if the disk refuses
 */
export function acquireLock(runDir: string): RunLock {
  const patientUntil = Date.now() + PATIENCE_MS;
  for (;;) {
    const lock = tryLock(runDir);
    if (lock instanceof RunLock) return lock;
    if (Date.now() > patientUntil || !releasesSoon(runDir, lock.by)) throw heldBy(runDir, lock);
    pause(20);
  }
}

/**
 * Takes the lock of a folder if nobody holds it.
 * @returns the lock, or who holds it
 * @throws UserError if the disk refuses
 */
export function tryLock(dir: string): RunLock | Extract<Holder, { held: true }> {
  const record: LockRecord = {
    formatVersion: RUN_FORMAT_VERSION,
    ...thisProcess(),
    acquiredAt: new Date().toISOString(),
    released: false,
  };
  for (;;) {
    const highest = Math.max(0, ...numbersIn(dir));
    const holder = holderOf(dir, highest);
    if (holder.held) return holder;
    const number = highest + 1;
    if (!createLock(join(dir, fileName(number)), record)) continue;
    // The folder may have been read before others took and released locks of higher numbers.
    if (Math.max(0, ...numbersIn(dir)) > number) {
      rmSync(join(dir, fileName(number)), { force: true });
      continue;
    }
    for (const old of numbersIn(dir)) if (old < number) removeQuietly(join(dir, fileName(old)));
    return new RunLock(dir, number, record);
  }
}

/** @returns false if somebody else has created it */
function createLock(path: string, record: LockRecord): boolean {
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

function releasesSoon(runDir: string, by: ProcessIdentity | null): boolean {
  if (by === null) return true;
  const self = thisProcess();
  if (by.pid === self.pid && by.processStart === self.processStart) return false;
  const status = readStatus(runDir);
  return status.ok && isFinal(status.value.state);
}

function heldBy(runDir: string, { by, certain }: Extract<Holder, { held: true }>): UserError {
  const who = by === null ? "a process that is just starting" : `process ${by.pid} on ${by.host}`;
  const doubt = certain
    ? ""
    : ` That process cannot be looked for from here; if it is dead, try again in ${STALE_SECONDS} seconds.`;
  return new UserError(
    `${runDir} is being written by ${who}, and a run has one writer at a time. Wait for it, or stop it with: ` +
      `${maskdmCommand("stop", runDir)}${doubt === "" ? "" : `.${doubt}`}`,
  );
}
