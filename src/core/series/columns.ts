/** A run's metrics as columns that grow: what charts are drawn from. */
import { type MetricsLine, type ResumeLine, type StepMetrics, TIMESTEP_RANGES } from "../run/metrics.ts";
import { addInOrder, type StepTable } from "../run/stepOrder.ts";

/** What an x axis can count. time: wall clock, milliseconds since 1970. */
export const AXES = ["step", "images", "seconds", "time"] as const;
export type AxisName = (typeof AXES)[number];

/** What is measured at a step. loss0 … loss3: loss by quarter of the timesteps; dataWait: share of the time that waited for images. */
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
] as const;
export type Measure = (typeof MEASURES)[number];

const FIRST_CAPACITY = 1024;
const LARGEST_FLOAT32 = 3.4028234663852886e38;
/** Milliseconds from 1970 to the last moment that a Date can name. */
const LAST_TIME = 8.64e15;

/**
 * Axes are Float64Array (a wall clock needs it), measures Float32Array: 88 bytes a step, so that 50 runs of 100,000 steps fit an
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
    return this.table.measures[MEASURES.indexOf(name)]!;
  }

  /**
   * Takes lines in the file's order.
   * @returns the first row that is new or other than before; `length` where nothing changed
   */
  add(lines: Iterable<MetricsLine>): number {
    const changed = addInOrder(this.table, lines);
    for (const axis of this.table.axes) axis.settle(changed, this.length);
    return changed;
  }

  /** Forgets everything, for a file that was replaced. */
  clear(): void {
    this.table.clear();
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

class ColumnTable implements StepTable {
  length = 0;
  readonly axes = AXES.map(() => new AxisColumn());
  readonly measures = MEASURES.map(() => new Float32Array(FIRST_CAPACITY));
  /** a moment of the wall clock and the training seconds at it */
  private anchor: { readonly time: number; readonly seconds: number };

  constructor(private readonly startedAt: number) {
    this.anchor = { time: startedAt, seconds: 0 };
  }

  stepAt(row: number): number {
    return this.axes[0]!.written[row]!;
  }

  put(row: number, line: StepMetrics): void {
    this.reserve(row + 1);
    this.length = Math.max(this.length, row + 1);
    const elapsed = line.seconds - this.secondsBefore(row);
    const clock = this.anchor.time + 1000 * (line.seconds - this.anchor.seconds);
    const time = Math.min(LAST_TIME, Math.max(-LAST_TIME, clock));
    const places = [line.step, line.images, line.seconds, time];
    for (const [i, { written }] of this.axes.entries()) written[row] = places[i]!;
    const quarters = Array.from({ length: TIMESTEP_RANGES }, (_, i) => line.lossByTimestep[i] ?? null);
    const wait = elapsed > 0 ? Math.min(1, line.dataWaitSeconds / elapsed) : null;
    const { loss, gradNorm, lr, imagesPerSecond, memoryBytes } = line;
    const { heldOutLoss = null, heldOutError = null, kid = null, kidError = null } = line;
    const values = [loss, ...quarters, gradNorm, lr, imagesPerSecond, memoryBytes, wait];
    values.push(heldOutLoss, heldOutError, kid, kidError);
    for (const [i, column] of this.measures.entries()) column[row] = measured(values[i]!);
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

  resumed({ time }: ResumeLine): void {
    if (time !== undefined) this.anchor = { time: Date.parse(time), seconds: this.secondsBefore(this.length) };
  }

  clear(): void {
    this.length = 0;
    this.anchor = { time: this.startedAt, seconds: 0 };
    for (const axis of this.axes) axis.clear();
  }

  private secondsBefore(row: number): number {
    return row === 0 ? 0 : this.axes[AXES.indexOf("seconds")]!.written[row - 1]!;
  }

  private columns(): (Float64Array | Float32Array)[] {
    return [...this.axes.map(({ written }) => written), ...this.measures];
  }

  private reserve(rows: number): void {
    const capacity = this.measures[0]!.length;
    if (rows <= capacity) return;
    const larger = Math.max(rows, 2 * capacity);
    for (const axis of this.axes) {
      const { written } = axis;
      axis.written = new Float64Array(larger);
      axis.written.set(written);
    }
    for (const [i, column] of this.measures.entries()) {
      this.measures[i] = new Float32Array(larger);
      this.measures[i]!.set(column);
    }
  }
}

const measured = (value: number | null): number =>
  value === null ? Number.NaN : Math.min(LARGEST_FLOAT32, Math.max(-LARGEST_FLOAT32, value));

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
