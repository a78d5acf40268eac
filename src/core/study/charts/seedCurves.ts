/** A measure over training, seeds folded: what the host prepares, and a page draws. */
import type { StepMetrics } from "../../run/metrics.ts";
import { lowerBound } from "../../series/columns.ts";
import { SmoothedSeries, suitableSmoothing } from "../../series/smooth.ts";
import { differenceInterval, mean } from "../intervals.ts";

export const CURVE_MEASURES = ["loss", "heldOutLoss", "kid"] as const;
export type CurveMeasure = (typeof CURVE_MEASURES)[number];
export type CurveAxis = "step" | "seconds";

/** One training of a cell, all stages. */
export interface SeedSeries {
  /** ascending */
  readonly xs: Float64Array;
  /** NaN: a gap, as between stages */
  readonly ys: Float32Array;
}

/** Of a configuration: plain data that can be sent to a page. */
export interface SeedCurve {
  /** index of its row in the table */
  readonly row: number;
  /** seeds that it is the mean of */
  readonly n: number;
  readonly xs: Float64Array;
  readonly mean: Float32Array;
  /** smallest and largest of the seeds */
  readonly lowest: Float32Array;
  readonly highest: Float32Array;
  /** 95 % interval of the mean by Student's t; NaN for one seed */
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/**
 * The stages of a training behind each other: each begins where the one before ended, and no line joins them, as losses under a mask and on
 * whole images are no one curve. Losses of batches are averaged over about a hundredth of the steps.
 * @param stages steps of each, ascending
 */
export function seedSeries(
  stages: readonly (readonly StepMetrics[])[],
  measure: CurveMeasure,
  axis: CurveAxis,
): SeedSeries {
  const xs: number[] = [];
  const ys: number[] = [];
  let startsAt = 0;
  for (const steps of stages) {
    if (xs.length > 0) {
      xs.push(xs.at(-1)!);
      ys.push(Number.NaN);
    }
    const values = measure === "loss" ? smoothLosses(steps) : steps.map((line) => line[measure]);
    steps.forEach((line, i) => {
      const value = values[i];
      if (value === undefined) return;
      xs.push(startsAt + line[axis]);
      ys.push(value ?? Number.NaN);
    });
    startsAt += steps.at(-1)?.[axis] ?? 0;
  }
  return { xs: Float64Array.from(xs), ys: Float32Array.from(ys) };
}

function smoothLosses(steps: readonly StepMetrics[]): readonly number[] {
  const average = new SmoothedSeries(Math.max(1, suitableSmoothing(steps.at(-1)?.step ?? 0)));
  const xs = Float64Array.from(steps, ({ step }) => step);
  average.update(
    xs,
    Float32Array.from(steps, ({ loss }) => loss ?? Number.NaN),
    steps.length,
    0,
  );
  return Array.from(average.values.subarray(0, steps.length));
}

const POINTS = 240;

/**
 * Mean and spread at the places that all seeds have reached; between two measured points a line is assumed.
 * @returns null where there is no such place
 */
export function foldSeeds(row: number, series: readonly SeedSeries[]): SeedCurve | null {
  const used = series.filter(({ xs }) => xs.length > 0);
  const from = Math.max(...used.map(({ xs }) => xs[0]!));
  const to = Math.min(...used.map(({ xs }) => xs.at(-1)!));
  if (used.length === 0 || from > to) return null;
  const places = [...new Set(used.flatMap(({ xs }) => [...xs]))]
    .filter((x) => x >= from && x <= to)
    .sort((a, b) => a - b);
  const xs = Float64Array.from(
    places.length <= POINTS
      ? places
      : Array.from({ length: POINTS }, (_, i) => from + (i / (POINTS - 1)) * (to - from)),
  );
  const values = Array.from(xs, (x) => used.map((own) => valueAt(own, x)));
  const intervals = values.map((own) => (own.some(Number.isNaN) ? null : differenceInterval(own)));
  const column = (of: (own: readonly number[], at: number) => number): Float32Array => Float32Array.from(values, of);
  return {
    ...{ row, n: used.length, xs },
    mean: column(mean),
    lowest: column((own) => Math.min(...own)),
    highest: column((own) => Math.max(...own)),
    low: column((_, at) => intervals[at]?.low ?? Number.NaN),
    high: column((_, at) => intervals[at]?.high ?? Number.NaN),
  };
}

function valueAt({ xs, ys }: SeedSeries, x: number): number {
  const after = lowerBound(xs, xs.length, x);
  if (xs[after] === x) return ys[after]!;
  const [x0, x1] = [xs[after - 1]!, xs[after]!];
  return ys[after - 1]! + ((x - x0) / (x1 - x0)) * (ys[after]! - ys[after - 1]!);
}
