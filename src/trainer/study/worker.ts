/** Works a study: begins what is to be done next, until nothing is, and notes how it stands. */
import { setTimeout as sleep } from "node:timers/promises";
import { HEARTBEAT_SECONDS } from "../../core/run/liveness.ts";
import type { StudyFacts } from "../../core/study/cellState.ts";
import { halve } from "../../core/study/halving.ts";
import { nextJobs, type StudyJob } from "../../core/study/next.ts";
import { cellCounts, countsText, isOver } from "../../core/study/progress.ts";
import type { Program } from "../../node/run/detached.ts";
import { DiskError } from "../../node/run/diskError.ts";
import { EntryPlaces } from "../../node/run/entryPlaces.ts";
import { takeLock } from "../../node/run/lock.ts";
import { type Queued, readLimit, readQueue } from "../../node/run/queue.ts";
import { LockLostError, RunLock } from "../../node/run/runLock.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import { studyFolder } from "../../node/study/places.ts";
import { readStudyRecord } from "../../node/study/recordFile.ts";
import { StudyReader } from "../../node/study/studyReader.ts";
import { forgetStudyRequest, readStudyRequest } from "../../node/study/studyRequest.ts";
import { Evaluating } from "./evaluating.ts";
import { type OpenedStudy, openStudy } from "./openStudy.ts";
import { Outcomes } from "./outcomes.ts";
import { RunWatch } from "./runWatch.ts";
import { stopRuns } from "./stopRuns.ts";
import type { StudyBook } from "./studyBook.ts";
import { Timing } from "./timing.ts";
import { Trainings } from "./trainings.ts";

const TICK_MS = 250;
/** Looking takes one part in so many of a core's time, so that a large study leaves the cores to its trainings. */
const IDLE_SHARE = 20;

/**
 * Works a study until all is done that can be, or somebody asks it to stop.
 * @returns false if another process does so already, or has taken over from this one
 * @throws UserError if the study cannot be read, or the disk refuses the lock
 */
export async function workStudy(
  { runsDir, name, program }: { readonly runsDir: string; readonly name: string; readonly program: Program },
  log: (line: string) => void,
): Promise<boolean> {
  for (;;) {
    const lock = await takeLock(studyFolder(runsDir, name), log);
    if (!(lock instanceof RunLock)) return false;
    try {
      const opened = openStudy(runsDir, name, lock, log);
      if (opened !== null) await new StudyWorker(opened, program, lock).work();
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

class StudyWorker {
  private readonly reader: StudyReader;
  private readonly places: EntryPlaces;
  private readonly evaluating: Evaluating;
  private readonly timing: Timing;
  private readonly trainings: Trainings;
  private readonly outcomes: Outcomes;
  private readonly watch = new RunWatch();
  /** why it ends before all is done; null: it does not */
  private ending: string | null;
  private renewedAt = performance.now();

  private readonly book: StudyBook;
  /** whether what failed is to be tried again */
  private retries: boolean;

  constructor(
    private readonly opened: OpenedStudy,
    program: Program,
    private readonly lock: RunLock,
  ) {
    const { book } = opened;
    this.book = book;
    this.retries = opened.request?.command === "retry";
    this.reader = new StudyReader(book.runsDir);
    this.places = new EntryPlaces(book.runsDir);
    this.evaluating = new Evaluating(book, program);
    this.timing = new Timing(book, program);
    this.trainings = new Trainings(book, program);
    this.outcomes = new Outcomes(book);
    this.ending = book.record.asked === "stop" ? STOPPED : null;
  }

  /** @throws LockLostError, or DiskError that says how the study goes on */
  async work(): Promise<void> {
    const { book, opened } = this;
    try {
      book.reserveRoom();
      book.write();
      if (opened.request !== null) forgetStudyRequest(book.runsDir, book.record.name, opened.request);
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

  /** How a study goes on that found no room. Trainings at work may yet fail of it, too, and are tried again only where that is asked for. */
  private get remedy(): string {
    const { runsDir, record } = this.book;
    const verb = readStudyRecord(runsDir, record.name).ok ? "retry-failed" : "run";
    return `Then go on with: ${maskdmCommand("study", verb, record.studyFile)}`;
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
      if (this.retries) this.trainings.retry(await this.facts());
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
      const isHere = ({ state, entry }: Queued): boolean => state === "started" && !this.places.isElsewhere(entry);
      const atWork = queue.filter(isHere).length;
      const room = { limit: readLimit(book.runsDir), atWork, held: watch.held };
      for (const job of nextJobs(book.plan, facts, room)) await this.begin(job, facts);
      await this.trainings.workQueue();
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

  private async begin(job: StudyJob, facts: StudyFacts): Promise<void> {
    const { book } = this;
    switch (job.kind) {
      case "time":
        return this.timing.begin(job.run);
      case "evaluate":
        return this.evaluating.begin(job.cell, job.run, facts.run(job.run.id)?.step ?? null);
      case "unmeasured":
        return book.fail([job.cell], NOT_MEASURED);
      default: {
        const short = await this.trainings.begin(job);
        if (short !== null) this.ending ??= `${short} ${this.remedy}.`;
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

const STOPPED = "Stopped.";
const NOT_MEASURED =
  "its training is over and has measured no held-out loss at its last step; that takes data.holdout above 0, and held_out_every of the stage above 0";
