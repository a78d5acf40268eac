/** Numbers for people. */

import { digitsOf, withDigits } from "../../src/core/series/axis.ts";
import type { ChartSpec } from "../../src/core/series/charts.ts";
import type { AxisName } from "../../src/core/series/columns.ts";
import { shortDuration } from "../../src/core/series/timeAxis.ts";

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** 1234567 -> "1,234,567" */
export const formatCount = (value: number): string => Math.round(value).toLocaleString("en-US");

function formatBytes(value: number, digits = 4): string {
  const power = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, Math.abs(value))) / 10)));
  return `${withDigits(value / 1024 ** power, digits)} ${BYTE_UNITS[power]}`;
}

/** A measured value: four significant digits and its unit. */
export function formatValue(value: number, format: ChartSpec["format"]): string {
  if (!Number.isFinite(value)) return "–";
  if (format === "bytes") return formatBytes(value);
  if (format === "percent") return `${Number((100 * value).toPrecision(3))} %`;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(3).replaceAll("-", "−").replace("+", "");
  if (size >= 1000) return formatCount(value);
  return value.toPrecision(4).replace("-", "−");
}

/** What is added to a value of which half the width of its interval is known. */
export const formatError = (error: number, format: ChartSpec["format"]): string =>
  Number.isNaN(error) ? "" : ` ± ${formatValue(error, format)}`;

/** Labels of a y axis, of as many digits as tell its ticks apart. */
export function formatAxis(format: ChartSpec["format"], ticks: readonly number[]): (value: number) => string {
  const digits = digitsOf(ticks);
  if (format === "bytes") return (value) => formatBytes(value, digits);
  if (format === "percent") return (value) => `${withDigits(100 * value, digits)}%`;
  return (value) => withDigits(value, digits);
}

/** A place on an x axis, exactly. */
export function formatX(value: number, axis: AxisName): string {
  if (axis === "step") return `step ${formatCount(value)}`;
  if (axis === "images") return `${formatCount(value)} images`;
  if (axis === "seconds") return shortDuration(value);
  return new Date(value).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}
