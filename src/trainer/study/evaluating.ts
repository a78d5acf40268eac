/** The one evaluation of a study that is at work, in a process of its own. */
import { join } from "node:path";
import * as z from "zod";
import { evaluationOverrides } from "../../core/study/evaluationOverrides.ts";
import { METRICS } from "../../core/study/metrics.ts";
import type { Cell, PlannedRun } from "../../core/study/plan.ts";
import { cellName } from "../../core/study/progress.ts";
import type { Program } from "../../node/run/detached.ts";
import { errorCode } from "../../node/run/files.ts";
import { checkProcess } from "../../node/run/process.ts";
import { spaceFrom } from "../../node/study/spaceFrom.ts";
import { ChildTask } from "./childTask.ts";
import type { StudyBook } from "./studyBook.ts";

const progressSchema = z.object({ type: z.literal("progress"), part: z.string(), done: z.number() });

/** Progress is noted that often. */
const NOTE_MS = 1000;

export class Evaluating {
  private task: ChildTask | null = null;
  private cell: Cell | null = null;
  /** images drawn so far */
  private done = 0;
  private notedAt = 0;
  /** by cell, the step at which it was evaluated by this worker */
  private readonly made = new Map<string, number | null>();

  constructor(
    private readonly book: StudyBook,
    private readonly program: Program,
  ) {}

  get isAtWork(): boolean {
    return this.book.record.evaluating !== null;
  }

  /** Begins, unless the same was made just now: then its result is not what the study asks for, and would not be the next time. */
  begin(cell: Cell, run: PlannedRun, step: number | null): void {
    const { book } = this;
    if (this.made.has(cell.key) && this.made.get(cell.key) === step) {
      const { title } = METRICS[book.plan.study.metric];
      book.fail(
        [cell],
        `it was evaluated, but not as the study asks for, or it has no ${title}: see its evaluations.jsonl`,
      );
      return;
    }
    this.made.set(cell.key, step);
    const { samples, seed, space } = book.plan.study.evaluate;
    const set = evaluationOverrides(cell.experiment!).flatMap(({ path, value }) => ["--set", `${path}=${value}`]);
    const args = ["evaluate", join(book.runsDir, run.id), "--runs-dir", book.runsDir, "--json-lines", ...set];
    const from = spaceFrom(space, book.record.studyFile);
    const asked = ["--samples", String(samples), "--seed", String(seed), "--space", from];
    book.log(`${cellName(cell, book.plan)}: is evaluated, ${samples} images`);
    this.cell = cell;
    this.done = 0;
    const task = new ChildTask(this.program, [...args, ...asked], {
      ...{ cwd: book.runsDir, input: null },
      onLine: (line) => this.hear(line),
    });
    try {
      book.update({ evaluating: { cell: cell.key, run: run.id, done: 0, process: task.process } });
    } catch (error) {
      task.kill(); // the next worker would not know of it
      throw error;
    }
    this.task = task;
  }

  /** Notes how far it is, and what came of it once it has ended; one that an earlier worker has begun is waited for. */
  look(): void {
    const { book, task, cell } = this;
    const { evaluating } = book.record;
    if (evaluating === null) return;
    if (task === null || cell === null) {
      if (checkProcess(evaluating.process) !== "alive") book.update({ evaluating: null });
      return;
    }
    if (task.end === null) {
      if (performance.now() - this.notedAt < NOTE_MS) return;
      this.notedAt = performance.now();
      book.update({ evaluating: { ...evaluating, done: this.done } });
      return;
    }
    this.task = null;
    book.update({ evaluating: null });
    if (!task.end.ok) book.fail([cell], task.end.reason);
  }

  /** Breaks it off; the images drawn are kept. */
  kill(): void {
    const { evaluating } = this.book.record;
    if (evaluating === null) return;
    if (this.task !== null) this.task.kill();
    else if (checkProcess(evaluating.process) === "alive") endProcess(evaluating.process.pid);
    this.task = null;
    this.book.update({ evaluating: null });
  }

  private hear(line: unknown): void {
    const progress = progressSchema.safeParse(line);
    if (progress.success && progress.data.part === "drawing") this.done = progress.data.done;
  }
}

/** One that ends by itself meanwhile is as good. */
function endProcess(pid: number): void {
  try {
    process.kill(pid);
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
}
