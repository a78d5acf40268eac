/** How sure means over a few trainings are. */
import { RandomStream } from "../random/streams.ts";

export interface Interval {
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2000;
const LEVEL = 0.95;

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Of the values that a sample is from, by n - 1; null for fewer than two. */
export function standardDeviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

/** Of an even number the upper one of the two in the middle; undefined: there are none. */
export const median = (values: readonly number[]): number | undefined =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/**
 * 95 % percentile bootstrap interval of the mean (Efron 1979): from the 2.5 % to the 97.5 % quantile of means over resamples. Of three values it
 * is their range, which covers the true mean in three cases of four; more values bring it closer to what it says.
 * @returns null for fewer than two values
 */
export function bootstrapInterval(values: readonly number[]): Interval | null {
  if (values.length < 2) return null;
  // Always the same draws: a table that is made again says the same.
  const stream = new RandomStream({ seed: 0, stage: "pretrain", stream: "order", step: 0, item: 0 });
  const means = Float64Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[stream.below(values.length)]!;
    return sum / values.length;
  }).sort();
  const tail = (1 - LEVEL) / 2;
  return { low: means[Math.floor(tail * RESAMPLES)]!, high: means[Math.ceil((1 - tail) * RESAMPLES) - 1]! };
}

/**
 * 95 % interval of the mean of differences by Student's t, which keeps what it says with three pairs, too, as a bootstrap does not.
 * @returns null for fewer than two differences
 */
export function differenceInterval(differences: readonly number[]): (Interval & { readonly mean: number }) | null {
  const n = differences.length;
  const deviation = standardDeviation(differences);
  if (deviation === null) return null;
  const middle = mean(differences);
  const reach = (studentQuantile(n - 1) * deviation) / Math.sqrt(n);
  return { mean: middle, low: middle - reach, high: middle + reach };
}

/** t with P(|T| < t) = 0.95, by bisection. @param freedom degrees of freedom, a whole number from 1 on */
export function studentQuantile(freedom: number): number {
  let low = 0;
  let high = 16;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (within(middle, freedom) < LEVEL) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(|T| < t) for Student's t: Abramowitz & Stegun 26.7.3 (odd) and 26.7.4 (even degrees of freedom). */
function within(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const squared = Math.cos(angle) ** 2;
  const isOdd = freedom % 2 === 1;
  let term = isOdd ? Math.cos(angle) : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k <= freedom - 2; k += 2) {
    term *= (squared * (k - 1)) / k;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}
