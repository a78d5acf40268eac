/** Gives the trainings of a study to the queue of the runs folder, and makes sure that somebody works it. */
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { bytes } from "../../core/numbers.ts";
import type { StudyFacts } from "../../core/study/cellState.ts";
import { diskNeeded } from "../../core/study/diskNeeded.ts";
import type { StudyJob } from "../../core/study/next.ts";
import type { PlannedRun } from "../../core/study/plan.ts";
import { trainingName } from "../../core/study/progress.ts";
import { plannedSteps } from "../../core/study/steps.ts";
import type { Program } from "../../node/run/detached.ts";
import { DiskError, freeBytes } from "../../node/run/diskError.ts";
import { enqueueResume, enqueueStart } from "../../node/run/enqueue.ts";
import { putBack, readEntry, readQueue } from "../../node/run/queue.ts";
import { isWorked, startWorker } from "../../node/run/queueWorker.ts";
import type { StudyBook } from "./studyBook.ts";

export class Trainings {
  /** the queue's worker that this process has started, while it lives */
  private queueWorker: ChildProcess | null = null;

  constructor(
    private readonly book: StudyBook,
    private readonly program: Program,
  ) {}

  /** Queues one; why it cannot be queued is noted of its cells. @returns why none can begin now; null: it may */
  async begin({ kind, run, until }: Extract<StudyJob, { kind: "start" | "resume" }>): Promise<string | null> {
    const { book } = this;
    const short = shortOfDisk(run, book.runsDir);
    if (short !== null) return short;
    try {
      // Where the queue still holds the session that has just ended, it is asked again when it does not.
      if (kind === "start") await this.enqueue(run, until);
      else if (!enqueueResume(join(book.runsDir, run.id), until ?? undefined)) return null;
      book.log(`${book.nameOf(run.id)}: ${run.stage} ${kind === "start" ? "is queued" : "goes on"} (${run.id})`);
    } catch (error) {
      if (!(error instanceof UserError) || error instanceof DiskError) throw error;
      book.fail(book.cellsWith(run.id), error.message);
    }
    return null;
  }

  private async enqueue(run: PlannedRun, until: number | null): Promise<void> {
    const { runsDir, record } = this.book;
    const { id, stage, parent, from, seconds } = run;
    const settled = seconds === null ? [] : [{ path: `${stage}.steps`, value: String(plannedSteps(run, record)) }];
    await enqueueStart({
      ...{ runsDir, experimentFile: record.baseFile, experimentText: record.baseText, stage, id },
      ...{ from: parent ?? undefined, fromScratch: stage === "finetune" && parent === null && from === null },
      ...{ until: until ?? undefined, set: [...run.set, ...settled] },
      ...{ group: record.name, name: trainingName(id, this.book.plan) },
    });
  }

  /**
   * Starts a worker where the queue has none, and holds trainings of the study, or one that has begun: it takes the room, and nobody
   * else would see that it has ended.
   */
  async workQueue(): Promise<void> {
    const { book } = this;
    if (this.queueWorker !== null) return;
    const isNeeded = readQueue(book.runsDir).some(
      ({ state, entry }) => state === "started" || (state !== "failed" && book.plan.runs.has(entry.id)),
    );
    if (!isNeeded || (await isWorked(book.runsDir))) return;
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
  retry(facts: StudyFacts): void {
    const { book } = this;
    book.update({ failed: {} });
    for (const run of book.plan.runs.values()) {
      const state = facts.run(run.id)?.state;
      if (state !== "failed" && state !== "diverged" && state !== "damaged") continue;
      try {
        const entry = readEntry(book.runsDir, run.id, "failed");
        if (entry !== null) putBack(book.runsDir, entry, "failed");
        else if (!enqueueResume(join(book.runsDir, run.id))) throw new UserError("it is still ending");
        book.log(`${book.nameOf(run.id)}: ${run.stage} is tried again (${run.id})`);
      } catch (error) {
        if (!(error instanceof UserError) || error instanceof DiskError) throw error;
        book.log(`${book.nameOf(run.id)}: cannot be tried again: ${error.message}`);
      }
    }
  }
}

/** Why no training can begin now: better than to have one after the other fail. */
function shortOfDisk(run: PlannedRun, runsDir: string): string | null {
  const free = freeBytes(runsDir);
  const needed = diskNeeded(run);
  if (free === null || free >= needed) return null;
  return `Stopped: the disk of ${runsDir} has ${bytes(free)} left, and a training needs ${bytes(needed)}. Free some space.`;
}
