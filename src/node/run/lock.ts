/**
 * One writer per run. Locks are files `lock-0001.json`, `lock-0002.json` …: the highest number counts. Whoever finds it released, or its
 * holder dead, creates the next number, which the file system grants to one contender only. Nothing that could be somebody's live
 * lock is ever removed or renamed, so two contenders for a stale lock cannot both win.
 */
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../core/errors.ts";
import { RUN_FORMAT_VERSION } from "../../core/run/format.ts";
import { heartbeatIsFresh, type ProcessIdentity, STALE_SECONDS } from "../../core/run/liveness.ts";
import { isFinal } from "../../core/run/status.ts";
import { maskdmCommand } from "../shellCommand.ts";
import { removeQuietly } from "./files.ts";
import { LifeWatch } from "./lifeWatch.ts";
import { createLock, highestLock, type LockRecord, lockFileName, lockNumbers, readLock } from "./lockFiles.ts";
import { checkProcess, thisProcess } from "./process.ts";
import { RunLock } from "./runLock.ts";
import { readStatus } from "./status.ts";

/** A lock that cannot be read yet is being written; if it stays so for that long, its writer died over it. */
const UNREADABLE_SECONDS = 3;
/** How often who waits for a lock looks. */
const LOOK_EVERY_MS = 50;

/** A holder that has written its last status is about to release; so long it is waited for. */
const PATIENCE_MS = 5000;

/**
 * Who writes a run: nobody, or a process; `by` is null while that is just creating its lock. `certain`: the process was found, or
 * its sign of life was seen to move.
 */
export type Holder = { readonly held: false } | HeldLock;
export interface HeldLock {
  readonly held: true;
  readonly by: ProcessIdentity | null;
  readonly certain: boolean;
}

/**
 * @param number of the lock to look at; 0 for none
 * @param watch null: whoever asks looks once and takes nothing; clocks are compared
 */
function holderOf(runDir: string, number: number, watch: LifeWatch | null): Holder {
  if (number === 0) return { held: false };
  const lock = readLock(runDir, number);
  if (!lock.ok) return unreadable(runDir, number, watch);
  if (lock.value.released) return { held: false };
  const check = checkProcess(lock.value);
  if (check !== "unknown") return check === "alive" ? { held: true, by: lock.value, certain: true } : { held: false };
  // Another host, or the same before a reboot: only its signs of life can tell.
  const status = readStatus(runDir);
  const signs = [lock.value.acquiredAt, ...(status.ok ? [status.value.heartbeat] : [])];
  const motion = watch?.look(`lock ${runDir}`, [number, ...signs].join(" ")) ?? "unsure";
  const nobody = watch === null ? !signs.some((time) => heartbeatIsFresh(time, Date.now())) : motion === "standing";
  return nobody ? { held: false } : { held: true, by: lock.value, certain: motion === "moving" };
}

/** A lock that is being written now, or whose writer died over it. */
function unreadable(runDir: string, number: number, watch: LifeWatch | null): Holder {
  const stat = statSync(join(runDir, lockFileName(number)), { throwIfNoEntry: false });
  if (stat === undefined) return { held: false };
  const dead =
    watch === null
      ? Math.abs(Date.now() - stat.mtimeMs) >= 1000 * UNREADABLE_SECONDS
      : watch.look(`lock ${runDir}`, `${number} ${stat.mtimeMs} ${stat.size}`, UNREADABLE_SECONDS) === "standing";
  return dead ? { held: false } : { held: true, by: null, certain: false };
}

/**
 * Who writes a run now.
 * @param watch for who looks again and again: a holder whose process cannot be looked for counts until its sign of life stands still
 */
export function lockHolder(runDir: string, watch: LifeWatch | null = null): Holder {
  return holderOf(runDir, highestLock(runDir), watch);
}

/** What is done while a holder is watched, for the user. */
type Tell = (line: string) => void;

/**
 * Makes this process the writer of a run.
 * @param tell told if that takes long: a holder whose process cannot be looked for is watched for STALE_SECONDS
 * @throws UserError if another process is, or if the disk refuses
 */
export async function acquireLock(runDir: string, tell: Tell = () => {}, watch = new LifeWatch()): Promise<RunLock> {
  const patientUntil = performance.now() + PATIENCE_MS;
  for (;;) {
    const lock = await takeLock(runDir, tell, watch);
    if (lock instanceof RunLock) return lock;
    if (performance.now() > patientUntil || !releasesSoon(runDir, lock.by)) throw heldBy(runDir, lock.by);
    await sleep(LOOK_EVERY_MS);
  }
}

/**
 * Makes this process the writer of a folder that was made just now.
 * @throws UserError if somebody was quicker, or if the disk refuses
 */
export function lockNew(runDir: string): RunLock {
  const lock = tryLock(runDir, new LifeWatch());
  if (lock instanceof RunLock) return lock;
  throw heldBy(runDir, lock.by);
}

/**
 * Takes the lock of a folder if nobody holds it, and finds out for certain whether somebody does: a holder whose process cannot be
 * looked for is watched until its sign of life moves, or has not for STALE_SECONDS.
 * @returns the lock, or who holds it
 * @throws UserError if the disk refuses
 */
export async function takeLock(
  dir: string,
  tell: Tell = () => {},
  watch = new LifeWatch(),
): Promise<RunLock | HeldLock> {
  for (let told = false; ; ) {
    const lock = tryLock(dir, watch);
    if (lock instanceof RunLock || lock.certain) return lock;
    if (lock.by !== null && !told) {
      told = true;
      tell(
        `The lock of ${dir} is that of process ${lock.by.pid} on ${lock.by.host}, which cannot be looked for from here: ` +
          `watching for ${STALE_SECONDS} seconds whether it gives a sign of life.`,
      );
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** Takes the lock of a folder if it is certain that nobody holds it. */
function tryLock(dir: string, watch: LifeWatch): RunLock | HeldLock {
  const record: LockRecord = {
    formatVersion: RUN_FORMAT_VERSION,
    ...thisProcess(),
    acquiredAt: new Date().toISOString(),
    released: false,
  };
  for (;;) {
    const highest = highestLock(dir);
    const holder = holderOf(dir, highest, watch);
    if (holder.held) return holder;
    const number = highest + 1;
    if (!createLock(join(dir, lockFileName(number)), record)) continue;
    // The folder may have been read before others took and released locks of higher numbers.
    if (highestLock(dir) > number) {
      rmSync(join(dir, lockFileName(number)), { force: true });
      continue;
    }
    for (const old of lockNumbers(dir)) if (old < number) removeQuietly(join(dir, lockFileName(old)));
    return new RunLock(dir, number, record);
  }
}

function releasesSoon(runDir: string, by: ProcessIdentity | null): boolean {
  if (by === null) return true;
  const self = thisProcess();
  if (by.pid === self.pid && by.processStart === self.processStart) return false;
  const status = readStatus(runDir);
  return status.ok && isFinal(status.value.state);
}

function heldBy(runDir: string, by: ProcessIdentity | null): UserError {
  const who = by === null ? "a process that is just starting" : `process ${by.pid} on ${by.host}`;
  return new UserError(
    `${runDir} is being written by ${who}, and a run has one writer at a time. Wait for it, or stop it with: ` +
      maskdmCommand("stop", runDir),
  );
}
