/**
 * One writer per run. Locks are files `lock-0001.json`, `lock-0002.json` …: the highest number counts. Whoever finds it released, or its
 * holder dead, creates the next number, which the file system grants to one contender only. Nothing that could be somebody's live
 * lock is ever removed or renamed, so two contenders for a stale lock cannot both win.
 */
import { closeSync, existsSync, openSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { UserError } from "../../core/errors.ts";
import { formatVersion, parseDocument, RUN_FORMAT_VERSION, timestamp } from "../../core/run/format.ts";
import { heartbeatIsFresh, type ProcessIdentity, STALE_SECONDS } from "../../core/run/liveness.ts";
import { isFinal } from "../../core/run/status.ts";
import { asDiskError } from "./diskError.ts";
import { errorCode, namesIn, removeQuietly, replaceJson, writeFully } from "./files.ts";
import { LifeWatch } from "./lifeWatch.ts";
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
/** A lock that cannot be read yet is being written; if it stays so for that long, its writer died over it. */
const UNREADABLE_SECONDS = 3;
/** How long a holder does without another look that the lock is still its own, where it writes often. */
const GLANCE_MS = 500;
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

function numbersIn(runDir: string): number[] {
  return namesIn(runDir)
    .flatMap((name) => FILE.exec(name)?.[1] ?? [])
    .map(Number);
}

/**
 * @param number of the lock to look at; 0 for none
 * @param watch null: whoever asks looks once and takes nothing; clocks are compared
 */
function holderOf(runDir: string, number: number, watch: LifeWatch | null): Holder {
  if (number === 0) return { held: false };
  const lock = readDocument<LockRecord>(runDir, fileName(number), (text) => parseDocument(lockSchema, text));
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
  const stat = statSync(join(runDir, fileName(number)), { throwIfNoEntry: false });
  if (stat === undefined) return { held: false };
  const dead =
    watch === null
      ? Math.abs(Date.now() - stat.mtimeMs) >= 1000 * UNREADABLE_SECONDS
      : watch.look(`lock ${runDir}`, `${number} ${stat.mtimeMs} ${stat.size}`, UNREADABLE_SECONDS) === "standing";
  return dead ? { held: false } : { held: true, by: null, certain: false };
}

/** The lock of a folder as it is written, whether or not its holder lives; null: none, or one that cannot be read. */
export function currentLock(dir: string): LockRecord | null {
  const number = Math.max(0, ...numbersIn(dir));
  if (number === 0) return null;
  const lock = readDocument<LockRecord>(dir, fileName(number), (text) => parseDocument(lockSchema, text));
  return lock.ok ? lock.value : null;
}

/**
 * Who writes a run now.
 * @param watch for who looks again and again: a holder whose process cannot be looked for counts until its sign of life stands still
 */
export function lockHolder(runDir: string, watch: LifeWatch | null = null): Holder {
  return holderOf(runDir, Math.max(0, ...numbersIn(runDir)), watch);
}

/** Somebody else has the lock that this process had: it must not write any more. */
export class LockLostError extends UserError {
  constructor(dir: string, by: ProcessIdentity | null) {
    super(
      by === null
        ? `The lock of ${dir} is gone: the folder was moved or removed, or somebody has deleted the lock. This process writes ` +
            "nothing more."
        : `${dir} was taken over by process ${by.pid} on ${by.host}, which writes it now. This process writes nothing more. ` +
            `A run is taken over from who gives no sign of life for ${STALE_SECONDS} seconds, as while a machine sleeps.`,
      "failure",
    );
  }
}

export class RunLock {
  private checkedAt = Number.NEGATIVE_INFINITY;
  private lost: LockLostError | null = null;

  constructor(
    private readonly runDir: string,
    private readonly number: number,
    private record: LockRecord,
  ) {}

  /**
   * Makes sure that this process still has the lock; to be called before it writes.
   * @throws LockLostError if it has not
   */
  check(): void {
    if (this.lost !== null) throw this.lost;
    if (this.isOwn()) {
      this.checkedAt = Date.now();
      return;
    }
    this.lost = new LockLostError(this.runDir, currentLock(this.runDir));
    throw this.lost;
  }

  /**
   * The same for what is done many times a second: looks twice a second at most.
   * @throws LockLostError if it has not
   */
  glance(): void {
    // By the time of day, which goes on while the machine sleeps.
    if (this.lost !== null || Math.abs(Date.now() - this.checkedAt) >= GLANCE_MS) this.check();
  }

  /** Whether somebody else has it. */
  isLost(): boolean {
    try {
      this.check();
      return false;
    } catch (error) {
      if (!(error instanceof LockLostError)) throw error;
      return true;
    }
  }

  /** A sign of life for those that cannot look for this process; for holders that write no heartbeat. @throws LockLostError */
  renew(): void {
    this.check();
    this.record = { ...this.record, acquiredAt: new Date().toISOString() };
    replaceJson(join(this.runDir, fileName(this.number)), this.record, false);
  }

  /** Gives the run free for the next writer. If the disk refuses, the end of this process does it. */
  release(): void {
    if (this.isLost()) return;
    try {
      replaceJson(join(this.runDir, fileName(this.number)), { ...this.record, released: true }, false);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }

  private isOwn(): boolean {
    let numbers: number[];
    try {
      numbers = numbersIn(this.runDir);
    } catch {
      return true; // a disk that does not answer says nothing about the lock
    }
    if (Math.max(0, ...numbers) > this.number) return false;
    return numbers.includes(this.number) || existsSync(join(this.runDir, fileName(this.number)));
  }
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
    const highest = Math.max(0, ...numbersIn(dir));
    const holder = holderOf(dir, highest, watch);
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

function heldBy(runDir: string, by: ProcessIdentity | null): UserError {
  const who = by === null ? "a process that is just starting" : `process ${by.pid} on ${by.host}`;
  return new UserError(
    `${runDir} is being written by ${who}, and a run has one writer at a time. Wait for it, or stop it with: ` +
      `maskdm stop ${runDir}`,
  );
}
