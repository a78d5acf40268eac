/** Which part of the y axis a chart shows by itself. */

import type { SvgLine } from "./chartSvg.ts";
import { lowerBound } from "./columns.ts";
import { outlierBounds, type Scale } from "./outliers.ts";

type Range = readonly [low: number, high: number];

interface ShownLine {
  readonly line: Pick<SvgLine, "xs" | "ys" | "length">;
  readonly opacity: number;
}

export interface YRange {
  readonly range: [low: number, high: number];
  /** values were left out as outliers and may lie outside */
  readonly leavesOut: boolean;
}

/** Of the strong lines' range, so much is added at most for the faint raw values behind them: single spikes leave the picture. */
const ROOM_FOR_RAW = 0.6;
const MARGIN = 0.05;

/**
 * Everything that the lines show in view; where outliers are ignored, what of each line is none, and most of what the faint lines do.
 * @param lines faint ones, if any, are the raw values of the strong ones, in the same order
 */
export function automaticYRange(
  lines: readonly ShownLine[],
  view: Range,
  scale: Scale & { readonly ignoreOutliers: boolean },
): YRange {
  const { logarithmic, fromZero, ignoreOutliers } = scale;
  const along = logarithmic ? Math.log10 : (value: number) => value;
  const back = logarithmic ? (value: number) => 10 ** value : (value: number) => value;
  const strongLines = lines.filter(({ opacity }) => opacity === 1);
  const faintLines = lines.filter(({ opacity }) => opacity < 1);
  // Averages are so alike that the raw values tell better what is out of proportion.
  const bounds = strongLines.map(({ line }, i) =>
    ignoreOutliers ? outlierBounds(...inView(faintLines[i]?.line ?? line, view, scale)) : null,
  );
  const strong = extremes(strongLines, bounds, view, logarithmic);
  const faint = extremes(faintLines, bounds, view, logarithmic);
  const leavesOut = strong.leavesOut || faint.leavesOut;
  const main = strong.range ?? faint.range;
  if (main === null) return { range: logarithmic ? [0.1, 1] : [0, 1], leavesOut };
  let [low, high] = main.map(along) as [number, number];
  if (faint.range !== null) {
    const room = ignoreOutliers ? ROOM_FOR_RAW * Math.max(high - low, 0.05 * Math.abs(high)) : Number.POSITIVE_INFINITY;
    const [faintLow, faintHigh] = faint.range.map(along) as [number, number];
    [low, high] = [Math.min(low, Math.max(faintLow, low - room)), Math.max(high, Math.min(faintHigh, high + room))];
  }
  if (fromZero && !logarithmic) low = Math.min(0, low);
  const length = high - low;
  if (length === 0) {
    const by = logarithmic ? 0.3 : low === 0 ? 1 : 0.5 * Math.abs(low);
    return { range: [back(low - by), back(high + by)], leavesOut };
  }
  const bottom = low === 0 && !logarithmic ? 0 : low - MARGIN * length;
  return { range: [back(bottom), back(high + MARGIN * length)], leavesOut };
}

function inView(
  { xs, ys, length }: ShownLine["line"],
  view: Range,
  scale: Scale,
): [Float32Array, Scale, number, number] {
  const from = lowerBound(xs, length, view[0]);
  let to = lowerBound(xs, length, view[1], from);
  while (to < length && xs[to] === view[1]) to++;
  return [ys, scale, from, to];
}

function extremes(
  lines: readonly ShownLine[],
  bounds: readonly (readonly [low: number, high: number] | null)[],
  view: Range,
  logarithmic: boolean,
): { readonly range: [low: number, high: number] | null; readonly leavesOut: boolean } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let leavesOut = false;
  for (const [at, { line }] of lines.entries()) {
    const { xs, ys, length } = line;
    const [lowest, highest] = bounds[at] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const first = lowerBound(xs, length, view[0]);
    for (let i = first; i < length && xs[i]! <= view[1]; i++) {
      const y = ys[i]!;
      if (logarithmic && y <= 0) continue;
      if (y < lowest || y > highest) {
        leavesOut = true;
        continue;
      }
      if (y < low) low = y;
      if (y > high) high = y;
    }
  }
  return { range: low <= high ? [low, high] : null, leavesOut };
}
