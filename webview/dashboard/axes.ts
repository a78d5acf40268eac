/** Ticks of the charts' axes, the same on the canvas and in exported pictures. */
import { linearTicks, logarithmicTicks, tickFormat } from "../../src/core/series/axis.ts";
import type { ChartSpec } from "../../src/core/series/charts.ts";
import type { AxisName } from "../../src/core/series/columns.ts";
import { clockTicks, durationTicks, type TimeTicks } from "../../src/core/series/timeAxis.ts";
import { formatAxis } from "./format.ts";

export type Range = readonly [low: number, high: number];

/** @param pixels length of the axis */
export function xTicks(axis: AxisName, [low, high]: Range, logarithmic: boolean, pixels: number): TimeTicks {
  const count = Math.max(2, Math.floor(pixels / 84));
  const labelled = (ticks: readonly number[]): TimeTicks => ({ ticks, format: tickFormat(ticks) });
  if (logarithmic && low > 0) return labelled(logarithmicTicks(low, high, count));
  if (axis === "time") return clockTicks(low, high, count, -new Date(low).getTimezoneOffset());
  if (axis === "seconds") return durationTicks(low, high, count);
  const ticks = linearTicks(low, high, count).filter(Number.isInteger);
  return high - low < 20_000 && high >= 10_000 && high < MOST_EXACT ? { ticks, format: exactCount } : labelled(ticks);
}

/** Longer counts would run into each other. */
const MOST_EXACT = 1e9;
/** Zoomed far in, 123.4k is harder to read. */
const exactCount = (value: number): string => value.toLocaleString("en-US");

export function yTicks(
  format: ChartSpec["format"],
  [low, high]: Range,
  logarithmic: boolean,
  pixels: number,
): TimeTicks {
  const count = Math.max(2, Math.floor(pixels / 27));
  const labelled = (ticks: readonly number[]): TimeTicks => ({ ticks, format: formatAxis(format, ticks) });
  if (logarithmic && low > 0) return labelled(logarithmicTicks(low, high, count));
  if (format !== "bytes") return labelled(linearTicks(low, high, count));
  // Multiples of powers of two, as bytes are counted.
  const unit = 1024 ** Math.max(0, Math.floor(Math.log2(Math.max(1, high - low)) / 10));
  return labelled(linearTicks(low / unit, high / unit, count).map((tick) => tick * unit));
}

/** Moves a range by shares of its length: of its ends, toward a fixed point for zooming. */
export function zoomed([low, high]: Range, factor: number, centre: number, logarithmic: boolean): [number, number] {
  if (!logarithmic) return [centre - (centre - low) * factor, centre + (high - centre) * factor];
  const [l, h, c] = [Math.log10(low), Math.log10(high), Math.log10(centre)];
  return [10 ** (c - (c - l) * factor), 10 ** (c + (h - c) * factor)];
}

/** @param share of the range's length, to the right where positive */
export function panned([low, high]: Range, share: number, logarithmic: boolean): [number, number] {
  if (!logarithmic) return [low + share * (high - low), high + share * (high - low)];
  const factor = (high / low) ** share;
  return [low * factor, high * factor];
}
