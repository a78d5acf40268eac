/** What a worker knows of its study and has noted of it: the plan, and study.json. */
import type { Cell, StudyPlan } from "../../core/study/plan.ts";
import { cellName } from "../../core/study/progress.ts";
import type { StudyRecord } from "../../core/study/record.ts";
import type { RunLock } from "../../node/run/runLock.ts";
import { writeStudyRecord } from "../../node/study/recordFile.ts";

export class StudyBook {
  /** Writes the record. @throws UserError if the disk refuses, or LockLostError */
  constructor(
    readonly runsDir: string,
    readonly plan: StudyPlan,
    private current: StudyRecord,
    private readonly lock: RunLock,
    readonly log: (line: string) => void,
  ) {
    lock.check();
    writeStudyRecord(runsDir, current);
  }

  /** study.json as it is now */
  get record(): StudyRecord {
    return this.current;
  }

  /** Writes what has changed. @throws as the constructor does */
  update(change: Partial<StudyRecord>): void {
    const next = { ...this.current, ...change };
    if (JSON.stringify(next) === JSON.stringify(this.current)) return;
    this.lock.check();
    writeStudyRecord(this.runsDir, next);
    this.current = next;
  }

  /** Notes why cells failed. */
  fail(cells: readonly Cell[], message: string): void {
    const at = new Date().toISOString();
    this.update({
      failed: { ...this.record.failed, ...Object.fromEntries(cells.map(({ key }) => [key, { message, at }])) },
    });
  }

  /** Cells that need a training. */
  cellsWith(run: string): Cell[] {
    return this.plan.cells.filter(({ runs }) => runs.some(({ id }) => id === run));
  }

  /** A cell as people call it, of those that need a training the first. */
  nameOf(run: string): string {
    const cell = this.cellsWith(run)[0];
    return cell === undefined ? run : cellName(cell, this.plan);
  }
}
