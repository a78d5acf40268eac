/** Works a study: gives its trainings to the queue of the runs folder, measures what is done, and notes what is settled on the way. */
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../core/errors.ts";
import { bytes } from "../../core/numbers.ts";
import { RUN_FORMAT_VERSION } from "../../core/run/format.ts";
import { HEARTBEAT_SECONDS } from "../../core/run/liveness.ts";
import type { StudyFacts } from "../../core/study/cellState.ts";
import { studyChanges } from "../../core/study/changes.ts";
import { diskNeeded } from "../../core/study/diskNeeded.ts";
import { halve } from "../../core/study/halving.ts";
import { nextJobs, type StudyJob } from "../../core/study/next.ts";
import type { PlannedRun } from "../../core/study/plan.ts";
import { cellCounts, countsText, isOver, trainingName } from "../../core/study/progress.ts";
import type { StudyRecord } from "../../core/study/record.ts";
import { plannedSteps } from "../../core/study/steps.ts";
import { changeAnnotations, readAnnotations } from "../../node/run/annotations.ts";
import type { Program } from "../../node/run/detached.ts";
import { DiskError, freeBytes } from "../../node/run/diskError.ts";
import { enqueueResume, enqueueStart } from "../../node/run/enqueue.ts";
import { takeLock } from "../../node/run/lock.ts";
import { putBack, readEntry, readLimit, readQueue } from "../../node/run/queue.ts";
import { isWorked, startWorker } from "../../node/run/queueWorker.ts";
import { LockLostError, RunLock } from "../../node/run/runLock.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import { planTexts, type StudyTexts } from "../../node/study/loadPlan.ts";
import { studyFolder } from "../../node/study/places.ts";
import { readStudyRecord } from "../../node/study/recordFile.ts";
import { StudyReader } from "../../node/study/studyReader.ts";
import { forgetStudyRequest, readStudyRequest } from "../../node/study/studyRequest.ts";
import { Evaluating } from "./evaluating.ts";
import { Outcomes } from "./outcomes.ts";
import { RunWatch } from "./runWatch.ts";
import { stopRuns } from "./stopRuns.ts";
import { StudyBook } from "./studyBook.ts";
import { Timing } from "./timing.ts";

const TICK_MS = 250;
/** Looking takes one part in so many of a core's time, so that a large study leaves the cores to its trainings. */
const IDLE_SHARE = 20;

/**
 * Works a study until all is done that can be, or somebody asks it to stop.
 * @returns false if another process does so already, or has taken over from this one
 * @throws UserError if the study cannot be read, or the disk refuses the lock
 */
export async function workStudy(
  place: { readonly runsDir: string; readonly name: string; readonly program: Program },
  log: (line: string) => void,
): Promise<boolean> {
  const { runsDir, name } = place;
  for (;;) {
    const lock = await takeLock(studyFolder(runsDir, name), log);
    if (!(lock instanceof RunLock)) return false;
    try {
      const worker = openStudy(place, lock, log);
      if (worker !== null) await worker.work();
    } catch (error) {
      if (!(error instanceof LockLostError || error instanceof DiskError)) throw error;
      // While the lock is held: who follows the log reads it to its end then.
      log(error.message);
      return error instanceof DiskError;
    } finally {
      lock.release();
    }
    // Whoever asked for something while the lock was still held has left it to this process.
    if (readStudyRequest(runsDir, name) === null) return true;
  }
}

/** Takes what is asked for. @returns null: nothing is to be done */
function openStudy(
  { runsDir, name, program }: Parameters<typeof workStudy>[0],
  lock: RunLock,
  log: (line: string) => void,
): StudyWorker | null {
  const request = readStudyRequest(runsDir, name);
  const read = readStudyRecord(runsDir, name);
  const before = read.ok ? read.value : null;
  const texts = request?.study ?? before;
  if (texts === null) throw new UserError(`The study ${name} cannot be read: ${read.ok ? "" : read.reason}.`);
  const loaded = planTexts(texts);
  if (!loaded.ok) {
    throw new UserError(
      `${loaded.file}: ${loaded.reason ?? loaded.diagnostics.map(({ message }) => message).join(" ")}`,
    );
  }
  const { plan } = loaded.value;
  const former = before && planTexts(before);
  if (former?.ok) for (const line of studyChanges(former.value.plan, plan).lines) log(line);
  const book = new StudyBook(runsDir, plan, before ?? newRecord(texts), lock, log);
  const asked = request?.command === "stop" ? "stop" : "run";
  const forget = (): void => {
    if (request !== null) forgetStudyRequest(runsDir, name, request);
  };
  if (asked === "stop" && before === null) {
    forget();
    return null;
  }
  const started = asked === "run" ? { startedAt: new Date().toISOString() } : {};
  const note = (): void => {
    book.update({ ...pickTexts(texts), ...started, asked, message: null });
    forget();
  };
  return new StudyWorker(book, program, lock, { note, asked, retry: request?.command === "retry" });
}

const pickTexts = ({ name, studyFile, studyText, baseFile, baseText }: StudyTexts): StudyTexts => ({
  ...{ name, studyFile, studyText, baseFile, baseText },
});

const newRecord = (texts: StudyTexts): StudyRecord => ({
  formatVersion: RUN_FORMAT_VERSION,
  ...pickTexts(texts),
  ...{ startedAt: new Date().toISOString(), settled: {}, rungs: {}, givenUp: {}, failed: {}, evaluating: null },
  ...{ asked: "run", message: null },
});

interface Asked {
  readonly asked: StudyRecord["asked"];
  /** what failed is tried again */
  readonly retry: boolean;
  /** notes what was asked for, and then forgets the request */
  readonly note: () => void;
}

class StudyWorker {
  private readonly reader: StudyReader;
  private readonly evaluating: Evaluating;
  private readonly timing: Timing;
  private readonly outcomes: Outcomes;
  private readonly watch = new RunWatch();
  /** trainings that were queued and have no folder yet */
  private readonly unnamed = new Set<string>();
  /** why it ends before all is done; null: it does not */
  private ending: string | null;
  private renewedAt = performance.now();
  /** the queue's worker that this process has started, while it lives */
  private queueWorker: ChildProcess | null = null;
  private retries: boolean;
  private readonly note: () => void;

  constructor(
    private readonly book: StudyBook,
    private readonly program: Program,
    private readonly lock: RunLock,
    { note, asked, retry }: Asked,
  ) {
    this.reader = new StudyReader(book.runsDir);
    this.evaluating = new Evaluating(book, program);
    this.timing = new Timing(book, program);
    this.outcomes = new Outcomes(book);
    this.note = note;
    this.ending = asked === "stop" ? STOPPED : null;
    this.retries = retry;
  }

  /** @throws LockLostError, or DiskError that says how the study goes on */
  async work(): Promise<void> {
    const { book } = this;
    try {
      book.reserveRoom();
      this.note();
      await this.workOn();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      // An evaluation goes on as where a worker is killed; nobody else would hear what was timed.
      this.timing.kill();
      const remedy = error.isFull ? this.remedy : "";
      const refused = new DiskError(`Stopped: ${error.message} ${remedy}${this.outcomes.firstFailure}`, error.isFull);
      book.endWith(refused.message);
      throw refused;
    } finally {
      book.freeRoom();
    }
  }

  /** How a study goes on that found no room. */
  private get remedy(): string {
    const verb = this.outcomes.firstFailure === "" ? "run" : "retry-failed";
    return `Then go on with: ${maskdmCommand("study", verb, this.book.record.studyFile)}`;
  }

  private async workOn(): Promise<void> {
    const { book } = this;
    for (;;) {
      const begun = process.cpuUsage();
      const request = readStudyRequest(book.runsDir, book.record.name);
      if (request?.command === "stop") {
        book.update({ asked: "stop" });
        forgetStudyRequest(book.runsDir, book.record.name, request);
        this.ending ??= STOPPED;
      }
      // The next one begins with what is asked now; trainings go on meanwhile.
      const isAskedAnew = request !== null && request.command !== "stop" && this.ending === null;
      if (isAskedAnew && !this.isBusyApart) return;
      if (this.retries) this.retry(await this.facts());
      this.retries = false;
      // Before the runs are read: what an evaluation that has ended found is among it then.
      this.evaluating.look();
      this.timing.look();
      const facts = await this.facts();
      if (this.ending === null ? await this.goOn(facts, isAskedAnew) : this.stop(facts)) return;
      if (performance.now() - this.renewedAt > (1000 * HEARTBEAT_SECONDS) / 2) {
        this.renewedAt = performance.now();
        this.lock.renew();
      }
      const { user, system } = process.cpuUsage(begun);
      await sleep(Math.max(TICK_MS, (IDLE_SHARE * (user + system)) / 1000));
    }
  }

  /** Whether a process that only this worker listens to is at work. */
  private get isBusyApart(): boolean {
    return this.evaluating.isAtWork || this.timing.isAtWork;
  }

  private async facts(): Promise<StudyFacts> {
    const { book } = this;
    const facts = await this.reader.facts(book.record.name, book.plan);
    return { ...facts, record: book.record, atWork: true };
  }

  /** @param isAskedAnew nothing new begins @returns whether nothing is left to be done */
  private async goOn(seen: StudyFacts, isAskedAnew: boolean): Promise<boolean> {
    const { book, watch } = this;
    this.name(seen);
    for (const id of watch.look(book.plan, seen)) {
      book.fail(
        book.cellsWith(id),
        "its process vanishes again and again, perhaps for lack of memory; see its log.txt",
      );
    }
    const halved = halve(book.plan, { ...seen, record: book.record });
    if (halved !== null) {
      for (const line of this.outcomes.givenUp(halved)) book.log(line);
      book.update(halved);
    }
    const facts = { ...seen, record: book.record };
    const hasFailed = this.outcomes.tell(facts);
    if (hasFailed && book.plan.study.on_failure === "stop") {
      this.ending = `Stopped, as on_failure asks for. Once the cause is removed: ${maskdmCommand("study", "retry-failed", book.record.name)}`;
      return false;
    }
    if (this.timing.isAtWork || isAskedAnew) return false;
    const counts = cellCounts(book.plan, facts);
    if (!isOver(counts)) {
      const queue = readQueue(book.runsDir);
      const atWork = queue.filter(({ state }) => state === "started").length;
      const room = { limit: readLimit(book.runsDir), atWork, held: watch.held };
      for (const job of nextJobs(book.plan, facts, room)) await this.begin(job, facts);
      await this.workQueue();
      if (this.evaluating.isAtWork || this.hasMore(facts)) return false;
    }
    this.finish(
      `${countsText(counts)}.${isOver(counts) ? "" : " The others were stopped by somebody; they go on when the study is started again."}`,
    );
    return true;
  }

  /** Whether anything is at work or would begin if there were room. */
  private hasMore(facts: StudyFacts): boolean {
    const { plan } = this.book;
    if (this.ending !== null || JSON.stringify(facts.record) !== JSON.stringify(this.book.record)) return true;
    const counts = cellCounts(plan, facts);
    if (counts.training > 0) return true;
    const room = { limit: Number.POSITIVE_INFINITY, atWork: 0, held: this.watch.held };
    return nextJobs(plan, facts, room).length > 0;
  }

  /** Lists show the trainings of a study together, by their cells; one that others share stays with the first. */
  private name(facts: StudyFacts): void {
    const { book } = this;
    for (const id of [...this.unnamed].filter((each) => hasFolder(facts, each))) {
      this.unnamed.delete(id);
      const dir = join(book.runsDir, id);
      const before = readAnnotations(dir);
      if (!before.ok) continue;
      const { group = book.record.name, name = trainingName(id, book.plan) } = before.value;
      try {
        changeAnnotations(dir, { group, name });
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        book.log(error.message);
      }
    }
  }

  private async begin(job: StudyJob, facts: StudyFacts): Promise<void> {
    const { book } = this;
    switch (job.kind) {
      case "time":
        return this.timing.begin(job.run);
      case "evaluate":
        return this.evaluating.begin(job.cell, job.run, facts.run(job.run.id)?.step ?? null);
      case "unmeasured":
        return book.fail([job.cell], NOT_MEASURED);
      default:
        await this.train(job);
    }
  }

  private async train({ kind, run, until }: Extract<StudyJob, { kind: "start" | "resume" }>): Promise<void> {
    const { book } = this;
    const short = shortOfDisk(run, book.runsDir);
    if (short !== null) {
      this.ending ??= `${short} ${this.remedy}.`;
      return;
    }
    try {
      if (kind === "resume") enqueueResume(join(book.runsDir, run.id), until ?? undefined);
      else {
        await this.enqueue(run, until);
        this.unnamed.add(run.id);
      }
      book.log(`${book.nameOf(run.id)}: ${run.stage} ${kind === "start" ? "is queued" : "goes on"} (${run.id})`);
    } catch (error) {
      if (!(error instanceof UserError) || error instanceof DiskError) throw error;
      book.fail(book.cellsWith(run.id), error.message);
    }
  }

  private async enqueue(run: PlannedRun, until: number | null): Promise<void> {
    const { runsDir, record } = this.book;
    const steps = plannedSteps(run, record);
    const settled = run.seconds === null ? [] : [{ path: `${run.stage}.steps`, value: String(steps) }];
    await enqueueStart({
      ...{ runsDir, experimentFile: record.baseFile, experimentText: record.baseText, stage: run.stage, id: run.id },
      ...{
        from: run.parent ?? undefined,
        fromScratch: run.stage === "finetune" && run.parent === null && run.from === null,
      },
      ...{ until: until ?? undefined, group: record.name, set: [...run.set, ...settled] },
    });
  }

  /** Makes sure that somebody works the queue while it holds trainings of the study. */
  private async workQueue(): Promise<void> {
    const { book } = this;
    if (this.queueWorker !== null) return;
    const isOwn = readQueue(book.runsDir).some(
      ({ state, entry }) => state !== "failed" && book.plan.runs.has(entry.id),
    );
    if (!isOwn || (await isWorked(book.runsDir))) return;
    const worker = startWorker(book.runsDir, this.program);
    this.queueWorker = worker;
    const forget = (): void => {
      this.queueWorker = null;
    };
    worker.on("exit", forget);
    worker.on("error", (error) => {
      forget();
      book.log(`the queue's worker could not be started: ${error.message}`);
    });
  }

  /** Trainings that failed go on from their last checkpoint, or are begun again where there is none. */
  private retry(facts: StudyFacts): void {
    const { book } = this;
    book.update({ failed: {} });
    for (const run of book.plan.runs.values()) {
      const state = facts.run(run.id)?.state;
      if (state !== "failed" && state !== "diverged" && state !== "damaged") continue;
      try {
        const entry = readEntry(book.runsDir, run.id, "failed");
        if (entry === null) enqueueResume(join(book.runsDir, run.id));
        else putBack(book.runsDir, entry, "failed");
        book.log(`${book.nameOf(run.id)}: ${run.stage} is tried again (${run.id})`);
      } catch (error) {
        if (!(error instanceof UserError) || error instanceof DiskError) throw error;
        book.log(`${book.nameOf(run.id)}: cannot be tried again: ${error.message}`);
      }
    }
  }

  /** @returns whether all that was at work has ended */
  private stop(facts: StudyFacts): boolean {
    const { book } = this;
    this.evaluating.kill();
    this.timing.kill();
    if (!stopRuns(book.runsDir, book.plan, facts)) return false;
    this.finish(`${this.ending ?? STOPPED} ${countsText(cellCounts(book.plan, { ...facts, record: book.record }))}.`);
    return true;
  }

  private finish(message: string): void {
    this.book.update({ message: `${message}${this.outcomes.firstFailure}` });
    this.book.log(message);
  }
}

/** Whether a training has a folder: what only waits, or did not begin, has no step. */
const hasFolder = (facts: StudyFacts, id: string): boolean => facts.run(id)?.step != null;

const STOPPED = "Stopped.";
const NOT_MEASURED =
  "its training is over and has measured no held-out loss at its last step; that takes data.holdout above 0, and held_out_every of the stage above 0";

/** Why no training can begin now: better than to have one after the other fail. */
function shortOfDisk(run: PlannedRun, runsDir: string): string | null {
  const free = freeBytes(runsDir);
  const needed = diskNeeded(run);
  if (free === null || free >= needed) return null;
  return `Stopped: the disk of ${runsDir} has ${bytes(free)} left, and a training needs ${bytes(needed)}. Free some space.`;
}
