/** A run's metrics as columns that grow: what charts are drawn from. */
import type { MetricsLine } from "../run/metrics.ts";
import { addInOrder, type StepTable } from "../run/stepOrder.ts";
import {
  EXACT_FIELDS,
  type PackedLines,
  type PackedResume,
  packLines,
  ROUNDED_FIELDS,
  type RoundedField,
} from "./packedLines.ts";

/** What an x axis can count. time: wall clock, milliseconds since 1970, worked out of the others. */
export const AXES = [...EXACT_FIELDS, "time"] as const;
export type AxisName = (typeof AXES)[number];

/**
 * What is measured at a step: fields of its line, and what is worked out of them. loss0 … loss3: loss by quarter of the timesteps;
 * dataWait: share of the time that waited for images.
 */
export const MEASURES = [
  "loss",
  "loss0",
  "loss1",
  "loss2",
  "loss3",
  "gradNorm",
  "lr",
  "imagesPerSecond",
  "memory",
  "dataWait",
  "heldOutLoss",
  "heldOutError",
  "kid",
  "kidError",
] as const satisfies readonly (RoundedField | "dataWait")[];
export type Measure = (typeof MEASURES)[number];

const FIRST_CAPACITY = 1024;
/** Milliseconds from 1970 to the last moment that a Date can name. */
const LAST_TIME = 8.64e15;

/**
 * Axes are Float64Array (a wall clock needs it), measures Float32Array: 92 bytes a step, so that 50 runs of 100,000 steps fit an
 * extension host. What is not a number, or unknown, is NaN; what a Float32 cannot hold is the largest that it can. Steps ascend as
 * addInOrder makes them; where images or a time go back between two steps, the axis stands still until they have caught up.
 */
export class RunColumns {
  private readonly table: ColumnTable;

  /** @param startedAt when the first session began, milliseconds since 1970 */
  constructor(startedAt: number) {
    this.table = new ColumnTable(startedAt);
  }

  /** Rows. The arrays are longer: only their first `length` values count. */
  get length(): number {
    return this.table.length;
  }

  /** Ascending. The array is replaced as the run grows: do not keep it. */
  axis(name: AxisName): Float64Array {
    return this.table.axes[AXES.indexOf(name)]!.ascending;
  }

  measure(name: Measure): Float32Array {
    return name === "dataWait" ? this.table.dataWait : this.table.rounded[ROUNDED_FIELDS.indexOf(name)]!;
  }

  /**
   * Takes lines in the file's order.
   * @returns the first row that is new or other than before; `length` where nothing changed
   */
  add(lines: Iterable<MetricsLine>): number {
    return this.addPacked([packLines(lines)]);
  }

  /** The same of lines in columns, one part after the other. */
  addPacked(parts: readonly PackedLines[]): number {
    const { table } = this;
    const before = table.length;
    table.reserve(parts.reduce((rows, { length }) => rows + length, before));
    const changed = parts.reduce((first, lines) => Math.min(first, this.take(lines)), before);
    table.settle(changed);
    return changed;
  }

  /** Forgets everything, for a file that was replaced. */
  clear(): void {
    this.table.clear();
  }

  /** @returns the first row that changed */
  private take(lines: PackedLines): number {
    const { table } = this;
    let changed = this.length;
    let row = 0;
    for (const resume of [...lines.resumes, null]) {
      const end = resume?.row ?? lines.length;
      row = table.append(lines, row, end);
      // What is left of them goes back.
      changed = Math.min(changed, addInOrder(table, rowsOf(lines, row, end)));
      if (resume !== null) changed = Math.min(changed, addInOrder(table, [resume]));
      row = end;
    }
    return changed;
  }
}

/** Values of an axis as they were written, and what they are drawn at. */
class AxisColumn {
  written = new Float64Array(FIRST_CAPACITY);
  /** the same, raised to the largest value before where one goes back; null: none does */
  private raised: Float64Array | null = null;

  get ascending(): Float64Array {
    return this.raised ?? this.written;
  }

  /** @param from first row that was written since */
  settle(from: number, length: number): void {
    const { written } = this;
    let row = from;
    if (this.raised === null) {
      while (row < length && !(row > 0 && written[row]! < written[row - 1]!)) row++;
      if (row === length) return;
    }
    if (this.raised === null || this.raised.length < written.length) {
      const larger = new Float64Array(written.length);
      larger.set(this.ascending);
      this.raised = larger;
    }
    for (; row < length; row++) {
      this.raised[row] = row === 0 ? written[row]! : Math.max(written[row]!, this.raised[row - 1]!);
    }
  }

  clear(): void {
    this.raised = null;
  }
}

interface PackedRow {
  readonly type: "step";
  readonly step: number;
  readonly lines: PackedLines;
  readonly row: number;
}

function* rowsOf(lines: PackedLines, from: number, end: number): Generator<PackedRow> {
  for (let row = from; row < end; row++) yield { type: "step", step: lines.exact[0]![row]!, lines, row };
}

const SECONDS = EXACT_FIELDS.indexOf("seconds");
const TIME = AXES.indexOf("time");
const WAITED = ROUNDED_FIELDS.indexOf("dataWaitSeconds");

class ColumnTable implements StepTable<PackedRow, PackedResume> {
  length = 0;
  readonly axes = AXES.map(() => new AxisColumn());
  readonly rounded = ROUNDED_FIELDS.map(() => new Float32Array(FIRST_CAPACITY));
  dataWait = new Float32Array(FIRST_CAPACITY);
  /** a moment of the wall clock and the training seconds at it */
  private anchor: { readonly time: number; readonly seconds: number };

  constructor(private readonly startedAt: number) {
    this.anchor = { time: startedAt, seconds: 0 };
  }

  stepAt(row: number): number {
    return this.axes[0]!.written[row]!;
  }

  put(row: number, { lines, row: from }: PackedRow): void {
    this.write(row, lines, from, from + 1);
  }

  /** Writes rows of `lines` behind the last as long as their steps ascend. @returns the first that is left, at most `end` */
  append(lines: PackedLines, from: number, end: number): number {
    const steps = lines.exact[0]!;
    let last = this.length === 0 ? Number.NEGATIVE_INFINITY : this.stepAt(this.length - 1);
    let until = from;
    for (; until < end && steps[until]! > last; until++) last = steps[until]!;
    this.write(this.length, lines, from, until);
    return until;
  }

  move(from: number, to: number): void {
    const length = this.length + to - from;
    this.reserve(length);
    for (const column of this.columns()) column.copyWithin(to, from, this.length);
    this.length = length;
  }

  copy(from: number, to: number): void {
    for (const column of this.columns()) column[to] = column[from]!;
  }

  cut(length: number): void {
    this.length = length;
  }

  resumed({ time }: PackedResume): void {
    if (!Number.isNaN(time)) this.anchor = { time, seconds: this.secondsBefore(this.length) };
  }

  clear(): void {
    this.length = 0;
    this.anchor = { time: this.startedAt, seconds: 0 };
    for (const axis of this.axes) axis.clear();
  }

  /** Works out what depends on the rows before. @param from first row that was written since */
  settle(from: number): void {
    for (const axis of this.axes) axis.settle(from, this.length);
    const waited = this.rounded[WAITED]!;
    for (let row = from; row < this.length; row++) {
      const elapsed = this.axes[SECONDS]!.written[row]! - this.secondsBefore(row);
      this.dataWait[row] = elapsed > 0 ? Math.min(1, waited[row]! / elapsed) : Number.NaN;
    }
  }

  private write(row: number, lines: PackedLines, from: number, end: number): void {
    const length = row + end - from;
    this.reserve(length);
    this.length = Math.max(this.length, length);
    for (const [i, column] of lines.exact.entries()) this.axes[i]!.written.set(column.subarray(from, end), row);
    for (const [i, column] of lines.rounded.entries()) this.rounded[i]!.set(column.subarray(from, end), row);
    const times = this.axes[TIME]!.written;
    const seconds = this.axes[SECONDS]!.written;
    for (let at = row; at < length; at++) {
      const clock = this.anchor.time + 1000 * (seconds[at]! - this.anchor.seconds);
      times[at] = Math.min(LAST_TIME, Math.max(-LAST_TIME, clock));
    }
  }

  private secondsBefore(row: number): number {
    return row === 0 ? 0 : this.axes[SECONDS]!.written[row - 1]!;
  }

  /** What is not worked out of others. */
  private columns(): (Float64Array | Float32Array)[] {
    return [...this.axes.map(({ written }) => written), ...this.rounded];
  }

  /** Makes room for so many rows. */
  reserve(rows: number): void {
    const capacity = this.dataWait.length;
    if (rows <= capacity) return;
    const larger = Math.max(rows, Math.ceil(1.5 * capacity));
    const longer = (column: Float32Array) => {
      const grown = new Float32Array(larger);
      grown.set(column);
      return grown;
    };
    for (const axis of this.axes) {
      const { written } = axis;
      axis.written = new Float64Array(larger);
      axis.written.set(written);
    }
    for (const [i, column] of this.rounded.entries()) this.rounded[i] = longer(column);
    this.dataWait = longer(this.dataWait);
  }
}

/** First index at or after `from` whose value is at least `value`, in an ascending array of `length` values. */
export function lowerBound(values: Float64Array, length: number, value: number, from = 0): number {
  let low = from;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
