/** Which part of the y axis a chart shows by itself. */
import { lowerBound } from "../../src/core/series/columns.ts";
import type { Line } from "../../src/core/series/line.ts";
import type { Range } from "./axes.ts";

interface ShownLine {
  readonly line: Line;
  readonly opacity: number;
}

/** Of the strong lines' range, so much is added at most for the faint raw values behind them: single spikes leave the picture. */
const ROOM_FOR_RAW = 0.6;
const MARGIN = 0.05;

/** Everything that the strong lines show in view, and most of what the faint ones do. */
export function automaticYRange(
  lines: readonly ShownLine[],
  view: Range,
  { logarithmic, fromZero }: { logarithmic: boolean; fromZero: boolean },
): [number, number] {
  const along = logarithmic ? Math.log10 : (value: number) => value;
  const back = logarithmic ? (value: number) => 10 ** value : (value: number) => value;
  const strong = extremes(
    lines.filter(({ opacity }) => opacity === 1),
    view,
    logarithmic,
  );
  const faint = extremes(
    lines.filter(({ opacity }) => opacity < 1),
    view,
    logarithmic,
  );
  const main = strong ?? faint;
  if (main === null) return logarithmic ? [0.1, 1] : [0, 1];
  let [low, high] = main.map(along) as [number, number];
  if (faint !== null) {
    const room = ROOM_FOR_RAW * Math.max(high - low, 0.05 * Math.abs(high));
    const [faintLow, faintHigh] = faint.map(along) as [number, number];
    [low, high] = [Math.min(low, Math.max(faintLow, low - room)), Math.max(high, Math.min(faintHigh, high + room))];
  }
  if (fromZero && !logarithmic) low = Math.min(0, low);
  const length = high - low;
  if (length === 0) {
    const by = logarithmic ? 0.3 : low === 0 ? 1 : 0.5 * Math.abs(low);
    return [back(low - by), back(high + by)];
  }
  const bottom = low === 0 && !logarithmic ? 0 : low - MARGIN * length;
  return [back(bottom), back(high + MARGIN * length)];
}

function extremes(lines: readonly ShownLine[], view: Range, logarithmic: boolean): [number, number] | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { line } of lines) {
    const { xs, ys, length } = line;
    const first = lowerBound(xs, length, view[0]);
    for (let i = first; i < length && xs[i]! <= view[1]; i++) {
      const y = ys[i]!;
      if (logarithmic && y <= 0) continue;
      if (y < low) low = y;
      if (y > high) high = y;
    }
  }
  return low <= high ? [low, high] : null;
}
