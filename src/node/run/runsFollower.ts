/**
 * Follows runs folders: lists their runs and queues, and tells what changes. Polls folders' times, so that it costs the same on
 * every file system and needs no recursive watcher; documents are read only when the folder's or the status's time has changed.
 */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { isAtWork, type RunEntry, type RunsChange } from "../../core/run/entry.ts";
import { EVALUATIONS_FILE } from "./evaluations.ts";
import { ExperimentFinder } from "./experimentOfRun.ts";
import { LifeWatch } from "./lifeWatch.ts";
import { processChecks } from "./processChecks.ts";
import { type Queued, queueFolder, readQueue } from "./queue.ts";
import { experimentPlaceOf, runEntry } from "./runEntry.ts";
import { type RunSnapshot, readSnapshot, settled, signature, timesOf } from "./runSnapshot.ts";
import { STATUS_FILE } from "./status.ts";

const LIVE_MS = 500;
const IDLE_MS = 1500;
/** Runs not at work are looked at in turn, so many each time. */
const SWEEP = 250;
/** What is read in one turn of the event loop is bounded by it. */
const CONCURRENCY = 8;
const SHOW_EVERY_MS = 250;

interface FollowedRun {
  readonly dir: string;
  snapshot: RunSnapshot;
  /** null: to be read again whatever the times say */
  seen: string | null;
}

interface Folder {
  readonly runsDir: string;
  seen: string | null;
  queueSeen: string | null;
  readonly runs: Map<string, FollowedRun>;
  queue: Map<string, Queued>;
}

export interface FollowerListener {
  changed(change: RunsChange): void;
  /** something waits in the queue of this runs folder */
  waiting(runsDir: string): void;
  failed(error: unknown): void;
}

export class RunsFollower {
  private folders = new Map<string, Folder>();
  private readonly shown = new Map<string, RunEntry>();
  private readonly checks = processChecks();
  private readonly heartbeats = new LifeWatch();
  private finder = new ExperimentFinder();
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> = Promise.resolve();
  private sweepAt = 0;
  /** by what was attempted, the error it last ended with */
  private readonly failures = new Map<string, string>();
  private publishing = false;
  private closed = false;

  constructor(private readonly listener: FollowerListener) {}

  get entries(): readonly RunEntry[] {
    return [...this.shown.values()];
  }

  get(dir: string): RunEntry | undefined {
    return this.shown.get(dir);
  }

  get runsDirs(): readonly string[] {
    return [...this.folders.keys()];
  }

  /**
   * Follows these folders, which need not exist yet, and no others; looks for the runs' experiment files again. Resolves when their
   * runs are known.
   */
  follow(runsDirs: readonly string[]): Promise<void> {
    this.finder = new ExperimentFinder();
    const kept = runsDirs.map((runsDir): [string, Folder] => [
      runsDir,
      this.folders.get(runsDir) ?? { runsDir, seen: null, queueSeen: null, runs: new Map(), queue: new Map() },
    ]);
    this.folders = new Map(kept);
    return this.look();
  }

  /** Looks at once. @param everything whatever the times say */
  look(everything = false): Promise<void> {
    if (everything) {
      this.finder = new ExperimentFinder();
      for (const folder of this.folders.values()) {
        folder.seen = null;
        folder.queueSeen = null;
        for (const run of folder.runs.values()) run.seen = null;
      }
    }
    clearTimeout(this.timer);
    this.working = this.working.then(() => this.round());
    return this.working;
  }

  /** Looks at once, at a run that is known to have changed too. */
  lookAt(dir: string): Promise<void> {
    for (const { runs } of this.folders.values()) {
      const run = runs.get(basename(dir));
      if (run?.dir === dir) run.seen = null;
    }
    return this.look();
  }

  dispose(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private async round(): Promise<void> {
    if (this.closed) return;
    const fresh = new Set<FollowedRun>();
    for (const folder of [...this.folders.values()]) {
      await this.attempt(`queue ${folder.runsDir}`, () => this.lookAtQueue(folder));
      await this.attempt(`folder ${folder.runsDir}`, () => this.lookAtFolder(folder, fresh));
    }
    await this.attempt("runs", () => this.lookAtRuns(fresh));
    await this.attempt("publish", () => this.publish());
    if (this.closed) return;
    const busy = this.entries.some((run) => run.state === "queued" || isAtWork(run));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), busy ? LIVE_MS : IDLE_MS);
  }

  /** What fails keeps nothing else from being shown, and is told once for as long as it fails in the same way. */
  private async attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.failures.delete(what);
    } catch (error) {
      const said = String(error);
      if (this.failures.get(what) === said) return;
      this.failures.set(what, said);
      this.listener.failed(error);
    }
  }

  private async lookAtQueue(folder: Folder): Promise<void> {
    const found = await signature(queueFolder(folder.runsDir));
    if (found !== null && found.text === folder.queueSeen) return;
    folder.queueSeen = settled(found);
    const queue = found === null ? [] : readQueue(folder.runsDir);
    folder.queue = new Map(queue.map((queued) => [queued.entry.id, queued]));
  }

  /**
   * Finds runs that are new or gone.
   * @param fresh takes those that were read just now
   */
  private async lookAtFolder(folder: Folder, fresh: Set<FollowedRun>): Promise<void> {
    const found = await signature(folder.runsDir);
    if (found !== null && found.text === folder.seen) return;
    folder.seen = settled(found);
    const names = found === null ? [] : await readdir(folder.runsDir).catch(() => []);
    const present = new Set(names.filter((name) => !name.startsWith(".")));
    for (const id of folder.runs.keys()) if (!present.has(id)) folder.runs.delete(id);
    let shownAt = Date.now();
    const added = [...present].filter((id) => !folder.runs.has(id));
    await eachOf(added, async (id) => {
      const dir = join(folder.runsDir, id);
      const seen = await timesOfRun(dir);
      const snapshot = readSnapshot(dir);
      if (snapshot === null) return;
      const run = { dir, snapshot, seen };
      folder.runs.set(id, run);
      fresh.add(run);
      // A list that takes long is shown as it grows.
      if (Date.now() - shownAt < SHOW_EVERY_MS) return;
      shownAt = Date.now();
      await this.publish();
    });
  }

  /** Reads runs again whose files have changed: those at work each time, the others in turn. */
  private async lookAtRuns(fresh: ReadonlySet<FollowedRun>): Promise<void> {
    const all = [...this.folders.values()].flatMap(({ runs }) => [...runs.values()]).filter((run) => !fresh.has(run));
    const start = all.length === 0 ? 0 : this.sweepAt % all.length;
    const turn = new Set([
      ...all.slice(start, start + SWEEP),
      ...all.slice(0, Math.max(0, start + SWEEP - all.length)),
    ]);
    this.sweepAt = start + SWEEP;
    const due = all.filter((run) => {
      const shown = this.shown.get(run.dir);
      return turn.has(run) || run.seen === null || (shown !== undefined && isAtWork(shown));
    });
    await eachOf(due, async (run) => {
      const seen = await timesOfRun(run.dir);
      if (seen !== null && seen === run.seen) return;
      const snapshot = readSnapshot(run.dir);
      run.seen = seen;
      if (snapshot !== null) run.snapshot = keepSame(run.snapshot, snapshot);
    });
  }

  private async publish(): Promise<void> {
    if (this.publishing) return;
    this.publishing = true;
    try {
      await this.compare();
    } finally {
      this.publishing = false;
    }
  }

  /** Tells what differs from what was told before. */
  private async compare(): Promise<void> {
    const now = Date.now();
    const fresh = new Map<string, RunEntry>();
    for (const { runsDir, runs, queue } of this.folders.values()) {
      for (const id of new Set([...runs.keys(), ...queue.keys()])) {
        const dir = join(runsDir, id);
        const snapshot = runs.get(id)?.snapshot ?? null;
        const queued = queue.get(id) ?? null;
        const check = await this.checks.check(snapshot, now);
        const motion = snapshot?.status.ok ? this.heartbeats.look(dir, snapshot.status.value.heartbeat) : "unsure";
        const place = experimentPlaceOf(snapshot, queued);
        const experimentFile = place === null ? null : await this.finder.find(dir, place);
        fresh.set(dir, runEntry(dir, snapshot, queued, { now, check, motion, experimentFile }));
      }
    }
    if (this.closed) return;
    const changed = [...fresh.values()].filter((entry) => !isSame(entry, this.shown.get(entry.dir)));
    const removed = [...this.shown.keys()].filter((dir) => !fresh.has(dir));
    for (const entry of changed) this.shown.set(entry.dir, entry);
    for (const dir of removed) this.shown.delete(dir);
    if (changed.length > 0 || removed.length > 0) this.listener.changed({ changed, removed });
    for (const { runsDir, queue } of this.folders.values()) {
      if ([...queue.values()].some(({ state }) => state === "waiting")) this.listener.waiting(runsDir);
    }
  }
}

/** The times of a run's folder, which its documents are renamed into, of its status, and of its evaluations, which grow in place. */
const timesOfRun = (dir: string): Promise<string | null> =>
  timesOf([dir, join(dir, STATUS_FILE), join(dir, EVALUATIONS_FILE)]);

/** Documents that were read again and say the same stay the same objects. */
function keepSame(before: RunSnapshot, now: RunSnapshot): RunSnapshot {
  const kept = <T>(old: T, fresh: T): T => (JSON.stringify(old) === JSON.stringify(fresh) ? old : fresh);
  const record = kept(before.record, now.record);
  const status = kept(before.status, now.status);
  const evaluation = kept(before.evaluation, now.evaluation);
  return { record, status, evaluation, annotations: now.annotations };
}

/** Entries are made anew each time; most say the same as before. */
const isSame = (a: RunEntry, b: RunEntry | undefined): boolean =>
  b !== undefined &&
  a.record === b.record &&
  a.status === b.status &&
  a.evaluation === b.evaluation &&
  a.stage === b.stage &&
  a.state === b.state &&
  a.reason === b.reason &&
  a.label === b.label &&
  a.note === b.note &&
  a.pinned === b.pinned &&
  a.archived === b.archived &&
  a.group === b.group &&
  a.launchFailed === b.launchFailed &&
  a.parent === b.parent &&
  a.experimentFile === b.experimentFile &&
  a.tags.join("\n") === b.tags.join("\n");

/** Works on all items, some at a time; gives the event loop back between them. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, lane));
}
