/** A run's metrics as columns that grow: what charts are drawn from. */
import { type MetricsLine, type StepMetrics, TIMESTEP_RANGES } from "../run/metrics.ts";

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
] as const;
export type Measure = (typeof MEASURES)[number];

const FIRST_CAPACITY = 1024;

/**
 * Axes are Float64Array (a wall clock needs it), measures Float32Array: 72 bytes a step, so that 50 runs of 100,000 steps fit an
 * extension host. What is not a number, or unknown, is NaN. Resumes are applied as by MetricsSeries.
 */
export class RunColumns {
  private size = 0;
  private readonly axes = AXES.map(() => new Float64Array(FIRST_CAPACITY));
  private readonly measures = MEASURES.map(() => new Float32Array(FIRST_CAPACITY));
  /** a moment of the wall clock and the training seconds at it */
  private anchor: { readonly time: number; readonly seconds: number };

  /** @param startedAt when the first session began, milliseconds since 1970 */
  constructor(private readonly startedAt: number) {
    this.anchor = { time: startedAt, seconds: 0 };
  }

  /** Rows. The arrays are longer: only their first `length` values count. */
  get length(): number {
    return this.size;
  }

  /** The array is replaced as the run grows: do not keep it. */
  axis(name: AxisName): Float64Array {
    return this.axes[AXES.indexOf(name)]!;
  }

  measure(name: Measure): Float32Array {
    return this.measures[MEASURES.indexOf(name)]!;
  }

  /**
   * Takes lines in the file's order.
   * @returns the first row that is new or other than before; `length` where nothing changed
   */
  add(lines: Iterable<MetricsLine>): number {
    let changed = this.size;
    for (const line of lines) {
      if (line.type === "step") this.append(line);
      else changed = Math.min(changed, this.resume(line.step, line.time));
    }
    return Math.min(changed, this.size);
  }

  /** Forgets everything, for a file that was replaced. */
  clear(): void {
    this.size = 0;
    this.anchor = { time: this.startedAt, seconds: 0 };
  }

  private append(line: StepMetrics): void {
    const row = this.size;
    if (row === this.axes[0]!.length) this.grow();
    const secondsBefore = row === 0 ? 0 : this.axis("seconds")[row - 1]!;
    const elapsed = line.seconds - secondsBefore;
    const clock = this.anchor.time + 1000 * (line.seconds - this.anchor.seconds);
    // A clock that was set back must not make an axis run backwards.
    const time = row === 0 ? clock : Math.max(clock, this.axis("time")[row - 1]!);
    this.setRow(this.axes, [line.step, line.images, line.seconds, time]);
    const quarters = Array.from({ length: TIMESTEP_RANGES }, (_, i) => line.lossByTimestep[i] ?? Number.NaN);
    const wait = elapsed > 0 ? Math.min(1, line.dataWaitSeconds / elapsed) : Number.NaN;
    const { loss, gradNorm, lr, imagesPerSecond, memoryBytes } = line;
    const unknown = Number.NaN;
    this.setRow(this.measures, [
      ...[loss ?? unknown, ...quarters, gradNorm ?? unknown],
      ...[lr, imagesPerSecond, memoryBytes ?? unknown, wait],
    ]);
    this.size++;
  }

  private setRow(columns: readonly (Float64Array | Float32Array)[], values: readonly number[]): void {
    for (let i = 0; i < columns.length; i++) columns[i]![this.size] = values[i]!;
  }

  /** Drops the steps beyond a checkpoint. @returns the first row that is other than before */
  private resume(step: number, time: string | undefined): number {
    const steps = this.axis("step");
    let first = this.size;
    let write = 0;
    for (let row = 0; row < this.size; row++) {
      if (steps[row]! > step) {
        first = Math.min(first, row);
        continue;
      }
      if (write !== row) for (const column of [...this.axes, ...this.measures]) column[write] = column[row]!;
      write++;
    }
    this.size = write;
    const seconds = write === 0 ? 0 : this.axis("seconds")[write - 1]!;
    if (time !== undefined) this.anchor = { time: Date.parse(time), seconds };
    return Math.min(first, write);
  }

  private grow(): void {
    const doubled = <T extends Float64Array | Float32Array>(column: T, make: (length: number) => T): T => {
      const larger = make(2 * column.length);
      larger.set(column);
      return larger;
    };
    for (let i = 0; i < this.axes.length; i++) this.axes[i] = doubled(this.axes[i]!, (n) => new Float64Array(n));
    for (let i = 0; i < this.measures.length; i++) {
      this.measures[i] = doubled(this.measures[i]!, (n) => new Float32Array(n));
    }
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
