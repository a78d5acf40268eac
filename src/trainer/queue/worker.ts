/** Works the queue of a runs folder: starts what waits, each run as a process of its own, while there is room. */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../core/errors.ts";
import { HEARTBEAT_SECONDS, type ProcessIdentity } from "../../core/run/liveness.ts";
import { MOST_RUNS_ELSEWHERE, type QueueEntry } from "../../core/run/queue.ts";
import { isFinal } from "../../core/run/status.ts";
import { type Program, spawnDetached } from "../../node/run/detached.ts";
import { EntryPlaces } from "../../node/run/entryPlaces.ts";
import { removeQuietly } from "../../node/run/files.ts";
import { LifeWatch } from "../../node/run/lifeWatch.ts";
import { takeLock } from "../../node/run/lock.ts";
import { checkProcess, identityOf, isSameProcess } from "../../node/run/process.ts";
import {
  claimEntry,
  failEntry,
  finishEntry,
  launchLog,
  parentOf,
  putBack,
  type Queued,
  queueFolder,
  readEntry,
  readLimit,
  readQueue,
  takeCancelMark,
  updateStarted,
} from "../../node/run/queue.ts";
import { readRun } from "../../node/run/runFiles.ts";
import { LockLostError, RunLock } from "../../node/run/runLock.ts";
import { readStatus } from "../../node/run/status.ts";
import { lastMessage } from "./lastMessage.ts";

const TICK_MS = 250;
/** An entry whose process vanishes so often before the run begins is given up. */
const MOST_ATTEMPTS = 3;

/** How a process ended; null: it was another worker's, so that nobody was told. */
type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null } | null;

/**
 * Works a queue until it is empty and its runs have ended.
 * @returns false if another process does so already, or has taken over from this one
 */
export async function workQueue(runsDir: string, program: Program, log: (line: string) => void): Promise<boolean> {
  for (;;) {
    const lock = await takeLock(queueFolder(runsDir), log);
    if (!(lock instanceof RunLock)) return false;
    try {
      await new QueueWorker(runsDir, program, log, lock).work();
    } catch (error) {
      if (!(error instanceof LockLostError)) throw error;
      log(error.message);
      return false;
    } finally {
      lock.release();
    }
    // Whoever added an entry while the lock was still held has left it to this process.
    if (!readQueue(runsDir).some(({ state }) => state === "waiting")) return true;
  }
}

class QueueWorker {
  /** ids whose processes are at work, and whether another machine computes for them */
  private readonly running = new Map<string, boolean>();
  /** of those, the processes that an earlier worker has started: nobody tells when they end */
  private readonly adopted = new Map<string, QueueEntry>();
  private readonly signsOfLife = new LifeWatch();
  private readonly places: EntryPlaces;
  private renewedAt = performance.now();

  constructor(
    private readonly runsDir: string,
    private readonly program: Program,
    private readonly log: (line: string) => void,
    private readonly lock: RunLock,
  ) {
    this.places = new EntryPlaces(runsDir);
  }

  async work(): Promise<void> {
    this.adopt();
    for (;;) {
      for (const [id, entry] of this.adopted) if (!this.isAtWork(entry)) this.settle(id, null);
      const queue = readQueue(this.runsDir);
      const waiting = queue.filter(({ state }) => state === "waiting");
      if (waiting.length === 0 && this.running.size === 0) return;
      const limit = readLimit(this.runsDir);
      for (const queued of waiting) {
        if (this.hasRoomFor(queued.entry, limit) && !this.waitsForParent(queued, queue)) this.begin(queued.entry);
      }
      if (performance.now() - this.renewedAt > (1000 * HEARTBEAT_SECONDS) / 2) {
        this.renewedAt = performance.now();
        this.lock.renew();
      }
      await sleep(TICK_MS);
    }
  }

  private hasRoomFor(entry: QueueEntry, limit: number): boolean {
    const isElsewhere = this.places.isElsewhere(entry);
    const alike = [...this.running.values()].filter((other) => other === isElsewhere);
    return alike.length < (isElsewhere ? MOST_RUNS_ELSEWHERE : limit);
  }

  /** Takes over what an earlier worker has started. */
  private adopt(): void {
    for (const { state, entry } of readQueue(this.runsDir)) {
      if (state !== "started") continue;
      this.running.set(entry.id, this.places.isElsewhere(entry));
      this.adopted.set(entry.id, entry);
    }
  }

  /** A finetune begins when the run it starts from has ended. */
  private waitsForParent({ entry }: Queued, queue: readonly Queued[]): boolean {
    const parent = parentOf(this.runsDir, entry);
    if (parent === null || parent === entry.id) return false;
    const own = queue.findIndex((other) => other.entry.id === entry.id);
    // Only those before it, so that two entries cannot wait for each other.
    const isAhead = (other: Queued, at: number) =>
      other.entry.id === parent && (other.state === "started" || (other.state === "waiting" && at < own));
    if (queue.some(isAhead)) return true;
    const dir = join(this.runsDir, parent);
    const run = readRun(dir);
    const status = readStatus(dir);
    if (!run.ok || !status.ok || isFinal(status.value.state)) return false;
    return this.lives(dir, run.value, status.value.heartbeat);
  }

  /** Whether the process of an entry lives. */
  private isAtWork({ id, process, claim }: QueueEntry): boolean {
    if (process === undefined) return false;
    const dir = join(this.runsDir, id);
    const status = readStatus(dir);
    return this.lives(`entry ${id}`, process, `${claim?.at} ${status.ok ? status.value.heartbeat : ""}`);
  }

  /** A process that cannot be looked for from here counts until its sign of life stands still. */
  private lives(key: string, process: ProcessIdentity, sign: string): boolean {
    const check = checkProcess(process);
    return check === "unknown" ? this.signsOfLife.look(key, sign) !== "standing" : check === "alive";
  }

  private begin(waiting: QueueEntry): void {
    const { id } = waiting;
    const token = randomUUID();
    const entry = claimEntry(this.runsDir, id, token);
    if (entry === null) return;
    this.running.set(id, this.places.isElsewhere(waiting));
    this.log(`${id}: begins`);
    const { order } = entry;
    const folders = order.kind === "start" ? [order.experimentFromRun, order.experimentFile] : [];
    const cwd = folders
      .flatMap((file) => (file === undefined ? [] : dirname(resolve(this.runsDir, id, file))))
      .find((folder) => existsSync(folder));
    const args = ["queue", "run", id, "--runs-dir", this.runsDir, "--token", token];
    try {
      const options = { cwd: cwd ?? this.runsDir, logFile: launchLog(this.runsDir, id), mode: "w" } as const;
      const child = spawnDetached(this.program, args, options);
      child.on("error", (error) => this.fail(id, `the trainer could not be started: ${error.message}`));
      child.on("exit", (code, signal) => this.settle(id, { code, signal }));
      if (child.pid === undefined) return; // "error" follows
      updateStarted(this.runsDir, { ...entry, process: identityOf(child.pid) });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.fail(id, error.message);
    }
  }

  private fail(id: string, message: string): void {
    const entry = readEntry(this.runsDir, id, "started");
    if (entry !== null) failEntry(this.runsDir, entry, message);
    this.running.delete(id);
    this.adopted.delete(id);
    this.log(`${id}: ${message}`);
  }

  /** The process of an entry has ended, or there never was one. */
  private settle(id: string, exit: Exit): void {
    if (!this.running.delete(id)) return;
    this.adopted.delete(id);
    const entry = readEntry(this.runsDir, id, "started");
    if (entry === null) return;
    const cancelled = takeCancelMark(this.runsDir, id);
    if (hasBegun(this.runsDir, entry) || cancelled || exit?.code === 0) {
      finishEntry(this.runsDir, id);
      if (exit?.code === 0 || cancelled) removeQuietly(launchLog(this.runsDir, id));
      this.log(`${id}: ${cancelled ? "cancelled" : "ended"}`);
    } else if (exit === null && entry.attempts < MOST_ATTEMPTS) {
      putBack(this.runsDir, entry, "started");
      this.log(`${id}: its process is gone before the run began; waits again`);
    } else {
      this.fail(id, exit === null ? `it did not begin in ${entry.attempts} attempts` : this.reason(id, exit));
    }
  }

  private reason(id: string, exit: NonNullable<Exit>): string {
    if (exit.signal !== null) return `its process was ended by ${exit.signal} before the run began`;
    return lastMessage(launchLog(this.runsDir, id)) ?? `its process ended with exit code ${exit.code}`;
  }
}

/** Whether the process of an entry has become the writer of its run. */
function hasBegun(runsDir: string, entry: QueueEntry): boolean {
  const run = readRun(join(runsDir, entry.id));
  const writer = entry.process;
  return run.ok && writer !== undefined && run.value.sessions.some((session) => isSameProcess(session, writer));
}
