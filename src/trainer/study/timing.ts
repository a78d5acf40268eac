/** Finds out how many steps a training's seconds are, in a process of its own, and settles them. */

import { formatDuration, formatStepTime } from "../../core/durationText.ts";
import { applyOverrides } from "../../core/experiment/overrides.ts";
import { count } from "../../core/numbers.ts";
import type { PlannedRun } from "../../core/study/plan.ts";
import { type Settled, settledAlike } from "../../core/study/steps.ts";
import type { Program } from "../../node/run/detached.ts";
import { ChildTask } from "./childTask.ts";
import type { StudyBook } from "./studyBook.ts";
import { timedSchema } from "./timeSteps.ts";

export class Timing {
  private at: { readonly task: ChildTask; readonly run: PlannedRun } | null = null;
  private found: Settled | null = null;

  constructor(
    private readonly book: StudyBook,
    private readonly program: Program,
  ) {}

  get isAtWork(): boolean {
    return this.at !== null;
  }

  begin(run: PlannedRun): void {
    const { book } = this;
    const alike = settledAlike(run, book.plan, book.record);
    if (alike !== null) {
      this.settle(run, alike);
      return;
    }
    book.log(`${book.nameOf(run.id)}: a few steps are timed`);
    const text = applyOverrides(book.record.baseText, run.set);
    this.found = null;
    const task = new ChildTask(this.program, ["study", "time"], {
      ...{ cwd: book.runsDir, input: JSON.stringify({ text, stage: run.stage, seconds: run.seconds }) },
      onLine: (line) => {
        const timed = timedSchema.safeParse(line);
        if (timed.success) this.found = timed.data;
      },
    });
    this.at = { task, run };
  }

  look(): void {
    const { at, book } = this;
    if (at === null || at.task.end === null) return;
    this.at = null;
    const { end } = at.task;
    if (end.ok && this.found !== null) this.settle(at.run, this.found);
    else {
      const reason = end.ok ? "nothing was measured" : end.reason;
      book.fail(book.cellsWith(at.run.id), `its steps could not be timed: ${reason}`);
    }
  }

  kill(): void {
    this.at?.task.kill();
    this.at = null;
  }

  private settle(run: PlannedRun, settled: Settled): void {
    const { book } = this;
    book.update({ settled: { ...book.record.settled, [run.id]: settled } });
    const { steps, secondsPerStep } = settled;
    book.log(
      `${book.nameOf(run.id)}: ${formatDuration(run.seconds ?? 0)} of ${run.stage} are ${count(steps)} steps of ${formatStepTime(secondsPerStep)}`,
    );
  }
}
