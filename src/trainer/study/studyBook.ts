/** What a worker knows of its study and has noted of it: the plan, and study.json. */
import { randomBytes } from "node:crypto";
import { UserError } from "../../core/errors.ts";
import type { Cell, StudyPlan } from "../../core/study/plan.ts";
import { cellName } from "../../core/study/progress.ts";
import type { StudyRecord } from "../../core/study/record.ts";
import { removeQuietly, replaceFile } from "../../node/run/files.ts";
import type { RunLock } from "../../node/run/runLock.ts";
import { studyReserve } from "../../node/study/places.ts";
import { writeStudyRecord } from "../../node/study/recordFile.ts";

/** For study.json, whose size is a study's, lines of the log and the release of the lock. */
const RESERVE_BYTES = 256 * 1024;

export class StudyBook {
  constructor(
    readonly runsDir: string,
    readonly plan: StudyPlan,
    private current: StudyRecord,
    private readonly lock: RunLock,
    readonly log: (line: string) => void,
  ) {}

  /** study.json as it is now */
  get record(): StudyRecord {
    return this.current;
  }

  /** Writes what has changed. @throws as `write` does */
  update(change: Partial<StudyRecord>): void {
    const before = this.current;
    const next = { ...before, ...change };
    if (JSON.stringify(next) === JSON.stringify(before)) return;
    this.write(next);
  }

  /** Writes the record. @throws UserError if the disk refuses, or LockLostError */
  write(record = this.current): void {
    this.lock.check();
    writeStudyRecord(this.runsDir, record);
    this.current = record;
  }

  /** Keeps room for `endWith`. @throws UserError if the disk refuses */
  reserveRoom(): void {
    this.lock.check();
    // What is zero would be kept without room by file systems that compress.
    replaceFile(this.reserve, randomBytes(RESERVE_BYTES), true);
  }

  freeRoom(): void {
    if (!this.lock.isLost()) removeQuietly(this.reserve);
  }

  /** Notes why the worker ends, in the room that was kept: the disk may have none. */
  endWith(message: string): void {
    this.freeRoom();
    try {
      this.update({ message });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }

  private get reserve(): string {
    return studyReserve(this.runsDir, this.current.name);
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
