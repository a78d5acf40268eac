/** Thins a series out to what a chart of so many pixels can show. */
import { lowerBound } from "./columns.ts";

/** Buckets beyond the part in view, on each side: the rest of a zoomed chart is only seen in passing. */
const OUTSIDE_BUCKETS = 64;

/**
 * Where buckets begin. Their edges are fixed multiples of a power of two, so a series that grows, or a view that moves, finds the same
 * buckets again and only the last ones change.
 */
export interface BucketGrid {
  /** the part in view, in the axis's own unit */
  readonly low: number;
  readonly high: number;
  /** width of a bucket in view and outside, in the unit or, on a logarithmic axis, in decades */
  readonly fine: number;
  readonly coarse: number;
  readonly logarithmic: boolean;
}

/** Equal grids have equal keys. */
export const gridKey = (grid: BucketGrid): string => Object.values(grid).join();

/**
 * @param view what is in view; null: everything, of which `extent` is the range
 * @param pixels at most about this many buckets are in view
 */
export function bucketGrid(
  view: readonly [low: number, high: number] | null,
  extent: readonly [low: number, high: number],
  pixels: number,
  logarithmic: boolean,
): BucketGrid {
  const width = ([low, high]: readonly [number, number]): number => {
    const along = logarithmic ? Math.log10(high / positive(low, high)) : high - low;
    return along > 0 && Number.isFinite(along) ? along : 1;
  };
  const powerOfTwo = (value: number): number => 2 ** Math.ceil(Math.log2(value));
  const coarse = powerOfTwo(width(extent) / OUTSIDE_BUCKETS);
  const fine = powerOfTwo(width(view ?? extent) / Math.max(1, pixels));
  if (view === null) return { low: -Infinity, high: Infinity, fine, coarse: fine, logarithmic };
  return { low: view[0], high: view[1], fine, coarse: Math.max(fine, coarse), logarithmic };
}

/** A logarithmic axis begins above 0. */
const positive = (low: number, high: number): number => (low > 0 ? low : high > 0 ? high / 1e6 : 1);

/** Points in packed arrays that grow: of many series one after another, so that they travel as two buffers. */
export class PointList {
  xs = new Float64Array(4096);
  ys = new Float32Array(4096);
  length = 0;

  push(x: number, y: number): void {
    if (this.length === this.xs.length) {
      const xs = new Float64Array(2 * this.length);
      const ys = new Float32Array(2 * this.length);
      xs.set(this.xs);
      ys.set(this.ys);
      this.xs = xs;
      this.ys = ys;
    }
    this.xs[this.length] = x;
    this.ys[this.length++] = y;
  }
}

export interface Series {
  /** ascending */
  readonly xs: Float64Array;
  readonly ys: Float32Array;
  readonly length: number;
  /** Whether lines go on over values that are no number; otherwise those are gaps. */
  readonly spansGaps: boolean;
}

/**
 * Keeps the lowest and the highest point of each bucket, the first and the last of the series, and where a gap is (a point with y NaN):
 * the outline stays, at two points a bucket.
 * @param changed first index that is new or other than before; 0 for all
 * @returns from which x on the points replace those of before; -Infinity: all of them
 */
export function decimate(series: Series, grid: BucketGrid, changed: number, out: PointList): number {
  const { xs, length } = series;
  // The point before the change was the last one and is kept only as such: its bucket is done again.
  const start = bucketStart(series, grid, Math.min(changed, length) - 1);
  const a = lowerBound(xs, length, grid.low, start);
  const b = lowerBound(xs, length, grid.high, a);
  stretch(series, start, a, grid.coarse, grid.logarithmic, out);
  stretch(series, a, b, grid.fine, grid.logarithmic, out);
  stretch(series, b, length, grid.coarse, grid.logarithmic, out);
  return start === 0 ? Number.NEGATIVE_INFINITY : xs[start]!;
}

/** First index of the bucket that an index is in. */
function bucketStart({ xs }: Series, grid: BucketGrid, index: number): number {
  if (index <= 0) return 0;
  const place = (x: number): number => (x < grid.low ? 0 : x < grid.high ? 1 : 2);
  const region = place(xs[index]!);
  const along = along10(grid.logarithmic);
  const width = region === 1 ? grid.fine : grid.coarse;
  const bucket = Math.floor(along(xs[index]!) / width);
  let at = index;
  while (at > 0 && place(xs[at - 1]!) === region && Math.floor(along(xs[at - 1]!) / width) === bucket) at--;
  return at;
}

const along10 = (logarithmic: boolean): ((x: number) => number) =>
  logarithmic ? (x) => (x > 0 ? Math.log10(x) : Number.NEGATIVE_INFINITY) : (x) => x;

function stretch(series: Series, from: number, to: number, width: number, logarithmic: boolean, out: PointList): void {
  const { xs } = series;
  let start = from;
  while (start < to) {
    // The x at which the next bucket begins: comparing is cheaper than a logarithm a point.
    const x = xs[start]!;
    const edge = !logarithmic
      ? (Math.floor(x / width) + 1) * width
      : x > 0
        ? 10 ** ((Math.floor(Math.log10(x) / width) + 1) * width)
        : Number.MIN_VALUE;
    let end = start + 1;
    while (end < to && xs[end]! < edge) end++;
    bucket(series, start, end, out);
    start = end;
  }
}

function bucket({ xs, ys, length, spansGaps }: Series, start: number, end: number, out: PointList): void {
  let lowest = -1;
  let highest = -1;
  let gap = -1;
  for (let i = start; i < end; i++) {
    const y = ys[i]!;
    if (Number.isNaN(y)) gap = i;
    else if (lowest < 0) lowest = highest = i;
    else if (y < ys[lowest]!) lowest = i;
    else if (y > ys[highest]!) highest = i;
  }
  const kept = [lowest, highest];
  if (!spansGaps) kept.push(gap);
  if (start === 0) kept.push(0);
  if (end === length) kept.push(length - 1);
  kept.sort((p, q) => p - q);
  let last = -1;
  for (const i of kept) {
    if (i <= last || (spansGaps && Number.isNaN(ys[i]!))) continue;
    out.push(xs[i]!, ys[i]!);
    last = i;
  }
}
