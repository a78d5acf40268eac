/** Moving averages of long series that still grow. */
import { lowerBound } from "./columns.ts";
import { averagingLimit } from "./outliers.ts";

/** Weights beyond this many time constants (e^-10) are left out. */
const REACH = 10;

/**
 * Exponential moving average to both sides: weight exp(-|Δstep| / tau), so it does not lag behind, and runs that log at different
 * intervals are smoothed alike. Values that are no number have no weight and stay gaps; those beyond averagingLimit have none either, and
 * stay what they are. Two passes, whatever tau is; when a series grows, only the end that changes is computed again.
 */
export class SmoothedSeries {
  private smooth = new Float32Array(0);
  private limit = Number.POSITIVE_INFINITY;

  /** @param tau time constant in steps, above 0 */
  constructor(readonly tau: number) {}

  /** The average of the values last given to update(); only as many count as they were. */
  get values(): Float32Array {
    return this.smooth;
  }

  /**
   * @param steps ascending
   * @param changed first index that is new or other than at the last call
   * @returns the first index of `values` that changed
   */
  update(steps: Float64Array, raw: Float32Array, length: number, changed: number): number {
    if (this.smooth.length < length) {
      const larger = new Float32Array(Math.max(length, raw.length));
      larger.set(this.smooth);
      this.smooth = larger;
    }
    if (length === 0) return 0;
    const limit = averagingLimit(raw, length);
    const other = limit !== this.limit && hasBeyond(raw, length, Math.min(limit, this.limit));
    this.limit = limit;
    const reach = REACH * this.tau;
    const edge = steps[Math.min(other ? 0 : changed, length - 1)]!;
    const start = lowerBound(steps, length, edge - reach);
    const warmUp = lowerBound(steps, length, steps[start]! - reach);
    smoothInto(this.smooth, { steps, raw, start, warmUp, length, limit, tau: this.tau });
    return start;
  }
}

function hasBeyond(raw: Float32Array, length: number, limit: number): boolean {
  for (let i = 0; i < length; i++) if (Math.abs(raw[i]!) > limit) return true;
  return false;
}

interface Stretch {
  readonly steps: Float64Array;
  readonly raw: Float32Array;
  /** where to look from, to write from and where to end */
  readonly warmUp: number;
  readonly start: number;
  readonly length: number;
  /** size up to which values are averaged */
  readonly limit: number;
  readonly tau: number;
}

/** What the first pass leaves for the second; kept, as it is needed for every line of every chart. */
let sums = new Float64Array(0);
let weights = new Float64Array(0);

function smoothInto(out: Float32Array, { steps, raw, warmUp, start, length, limit, tau }: Stretch): void {
  if (sums.length < length - start) {
    sums = new Float64Array(2 * (length - start));
    weights = new Float64Array(2 * (length - start));
  }
  const [firstSums, firstWeights] = [sums, weights];
  let sum = 0;
  let weight = 0;
  // Steps are logged at equal intervals nearly always, so the last factor is kept.
  let distance = Number.NaN;
  let factor = 0;
  for (let i = warmUp; i < length; i++) {
    if (i > warmUp && steps[i]! - steps[i - 1]! !== distance) {
      distance = steps[i]! - steps[i - 1]!;
      factor = Math.exp(-distance / tau);
    }
    sum *= factor;
    weight *= factor;
    const value = raw[i]!;
    if (Math.abs(value) <= limit) {
      sum += value;
      weight += 1;
    }
    if (i >= start) {
      firstSums[i - start] = sum;
      firstWeights[i - start] = weight;
    }
  }
  sum = 0;
  weight = 0;
  for (let i = length - 1; i >= start; i--) {
    const value = raw[i]!;
    if (!(Math.abs(value) <= limit)) out[i] = value;
    else {
      out[i] = (firstSums[i - start]! + sum) / (firstWeights[i - start]! + weight);
      sum += value;
      weight += 1;
    }
    if (i > 0 && steps[i]! - steps[i - 1]! !== distance) {
      distance = steps[i]! - steps[i - 1]!;
      factor = Math.exp(-distance / tau);
    }
    sum *= factor;
    weight *= factor;
  }
}

/** Time constants offered: off, then 1, 2, 5 of every decade. */
export const SMOOTHING_STEPS: readonly number[] = [0, ...[1, 10, 100, 1000, 10_000].flatMap((n) => [n, 2 * n, 5 * n])];

/** What suits runs of so many steps: about one hundredth of them, as one of SMOOTHING_STEPS. */
export function suitableSmoothing(steps: number): number {
  const wanted = steps / 100;
  return SMOOTHING_STEPS.findLast((tau) => tau <= wanted) ?? 0;
}
