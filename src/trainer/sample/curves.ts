/** Loss curves of one or several runs as a picture: SVG text, and PNG as far as the machine has fonts. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { StepMetrics } from "../../core/run/metrics.ts";
import { type Axis, makeAxis } from "../../core/series/axis.ts";
import { averagingLimit } from "../../core/series/outliers.ts";
import { replaceFile } from "../../node/run/files.ts";
import { averaged, type Point, quantile, smoothed, thinned } from "./smoothing.ts";

export type CurveMetrics = Pick<StepMetrics, "step" | "images" | "seconds" | "loss">;

export interface CurveRun {
  readonly label: string;
  /** in ascending order of steps; a loss of null (not a number) is left out */
  readonly metrics: readonly CurveMetrics[];
  /** where the curve begins on the x axis, for a stage that follows another; default 0 */
  readonly startsAt?: number;
}

export interface CurveOptions {
  readonly title?: string;
  /** what the x axis counts, default images */
  readonly x?: "images" | "seconds" | "steps";
  readonly logX?: boolean;
  readonly logY?: boolean;
  /** radius of the moving average as a share of a run's points, default 0.015; 0 draws the raw curves only */
  readonly smoothing?: number;
  /** pixels; the legend adds to the height */
  readonly width?: number;
  readonly height?: number;
}

/** Okabe and Ito's colours, told apart by colour-blind readers; black and yellow left out. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"];
/** From the seventh run on, colours come again with a broken line. */
const DASHES = ["", "7 3", "2 3"];
const MARGIN = { top: 44, right: 22, bottom: 52, left: 66 };
const LEGEND_LINE = 20;
const LARGEST_LABEL = 90;
const RAW_BUCKETS = 600;
const SMOOTH_POINTS = 500;

interface Curve {
  readonly label: string;
  readonly raw: readonly Point[];
  /** values of `raw` that are not out of all proportion: what the average and the y axis are made from */
  readonly usual: readonly Point[];
  readonly smooth: readonly Point[];
  readonly style: string;
}

/**
 * Draws the curves: the raw loss pale, its moving average strong. The background is white, so that the picture reads on dark pages, too.
 * A curve without points keeps its place in the legend.
 */
export function lossCurvesSvg(runs: readonly CurveRun[], options: CurveOptions = {}): string {
  const { logX = false, logY = false, width = 860, height = 440 } = options;
  const unit = xUnit(runs, options.x ?? "images");
  const curves = runs.map((run, i) => makeCurve(run, i, unit, options));
  const plot = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const title = options.title ?? "Training loss";
  const xAxis = makeAxis({
    range: xRange(curves, logX),
    positions: [plot.left, plot.right],
    logarithmic: logX,
    tickCount: Math.floor((plot.right - plot.left) / 70),
  });
  const yAxis = makeAxis({
    range: yRange(curves, logY),
    positions: [plot.bottom, plot.top],
    logarithmic: logY,
    tickCount: Math.floor((plot.bottom - plot.top) / 45),
  });
  const total = height + LEGEND_LINE * curves.length + (curves.length > 0 ? 6 : 0);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}" role="img" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif" font-size="12" fill="#222">
<title>${escapeXml(title)}</title>
<rect width="${width}" height="${total}" fill="#fff"/>
<text x="${plot.left}" y="26" font-size="15" font-weight="600">${escapeXml(title)}</text>
${axisLines(xAxis, yAxis, plot)}
<text x="${(plot.left + plot.right) / 2}" y="${height - 12}" text-anchor="middle">${escapeXml(unit.label)}</text>
<text transform="translate(16 ${(plot.top + plot.bottom) / 2}) rotate(-90)" text-anchor="middle">loss</text>
<clipPath id="plot"><rect x="${plot.left}" y="${plot.top}" width="${plot.right - plot.left}" height="${plot.bottom - plot.top}"/></clipPath>
<g clip-path="url(#plot)" fill="none" stroke-linejoin="round">
${curves.flatMap((curve) => curveLines(curve, xAxis, yAxis)).join("\n")}
</g>
${curves.map((curve, i) => legendLine(curve, plot.left, height + LEGEND_LINE * i)).join("\n")}
</svg>
`;
}

/**
 * Writes the picture; a path that ends in .png is rendered (text needs fonts on the machine), any other gets the SVG text. Missing
 * folders are made; the file is replaced as a whole.
 * @throws UserError where the disk refuses
 */
export async function writeLossCurves(path: string, runs: readonly CurveRun[], options?: CurveOptions): Promise<void> {
  const svg = lossCurvesSvg(runs, options);
  let content: string | Uint8Array = svg;
  if (path.toLowerCase().endsWith(".png")) {
    const { default: sharp } = await import("sharp");
    content = await sharp(Buffer.from(svg), { density: 144 }).png().toBuffer();
  }
  mkdirSync(dirname(path), { recursive: true });
  replaceFile(path, content, false);
}

function makeCurve(run: CurveRun, index: number, unit: XUnit, options: CurveOptions): Curve {
  const { logX = false, logY = false, smoothing = 0.015 } = options;
  const raw: Point[] = [];
  let at = Number.NEGATIVE_INFINITY;
  for (const line of run.metrics) {
    // Images or seconds that go back between two steps must not make the curve do so.
    at = Math.max(at, unit.of(line, run) / unit.divisor);
    if (line.loss === null || (logX && at <= 0) || (logY && line.loss <= 0)) continue;
    raw.push({ x: at, y: line.loss });
  }
  const limit = averagingLimit(
    raw.map(({ y }) => y),
    raw.length,
  );
  const usual = raw.filter(({ y }) => Math.abs(y) <= limit);
  const dash = DASHES[Math.floor(index / COLOURS.length) % DASHES.length]!;
  return {
    label: run.label,
    raw,
    usual,
    smooth: smoothing > 0 ? movingAverage(usual, smoothing) : [],
    style: `stroke="${COLOURS[index % COLOURS.length]}"${dash === "" ? "" : ` stroke-dasharray="${dash}"`}`,
  };
}

function movingAverage(raw: readonly Point[], share: number): Point[] {
  const averages = averaged(raw, SMOOTH_POINTS);
  return smoothed(averages, Math.max(1, share * averages.length));
}

function xRange(curves: readonly Curve[], logarithmic: boolean): [number, number] {
  const values = curves.flatMap((curve) => curve.raw.map((point) => point.x));
  if (values.length === 0) return logarithmic ? [1, 10] : [0, 1];
  const { low, high } = extremes(values);
  return logarithmic ? [low, high] : [Math.min(0, low), high];
}

/** Single spikes of the raw loss, and outliers, may leave the picture; the moving averages never do. */
function yRange(curves: readonly Curve[], logarithmic: boolean): [number, number] {
  const ranges = curves
    .filter((curve) => curve.raw.length > 0)
    .map((curve) => {
      const usual = curve.usual.map((point) => point.y);
      const drawn = curve.smooth.length > 0 ? curve.smooth.map((point) => point.y) : usual;
      const { low, high } = extremes(drawn);
      return { low: Math.min(low, quantile(usual, 0.005)), high: Math.max(high, quantile(usual, 0.995)) };
    });
  if (ranges.length === 0) return logarithmic ? [0.1, 1] : [0, 1];
  const low = Math.min(...ranges.map((range) => range.low));
  const high = Math.max(...ranges.map((range) => range.high));
  if (logarithmic) return [low / 1.05, high * 1.05];
  const floor = Math.min(0, low);
  return [floor, high + 0.04 * (high - floor)];
}

function extremes(values: readonly number[]): { low: number; high: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

interface XUnit {
  readonly label: string;
  readonly of: (line: CurveMetrics, run: CurveRun) => number;
  readonly divisor: number;
}

/** Seconds are shown as minutes or hours where those read better. */
function xUnit(runs: readonly CurveRun[], x: "images" | "seconds" | "steps"): XUnit {
  const key = x === "steps" ? "step" : x;
  const of = (line: CurveMetrics, run: CurveRun) => (run.startsAt ?? 0) + line[key];
  if (x === "images") return { label: "images seen", of, divisor: 1 };
  if (x === "steps") return { label: "optimiser steps", of, divisor: 1 };
  const { high } = extremes(runs.flatMap((run) => run.metrics.map((line) => of(line, run))));
  const [divisor, name] = high >= 3 * 3600 ? [3600, "hours"] : high >= 180 ? [60, "minutes"] : [1, "seconds"];
  return { label: `training time, ${name}`, of, divisor };
}

function axisLines(x: Axis, y: Axis, plot: { left: number; right: number; top: number; bottom: number }): string {
  const lines = [
    ...x.ticks.map((tick) => {
      const at = round(x.at(tick));
      return `<path d="M${at} ${plot.top}V${plot.bottom}" stroke="#e4e4e4"/><text x="${at}" y="${plot.bottom + 18}" text-anchor="middle">${x.format(tick)}</text>`;
    }),
    ...y.ticks.map((tick) => {
      const at = round(y.at(tick));
      return `<path d="M${plot.left} ${at}H${plot.right}" stroke="#e4e4e4"/><text x="${plot.left - 8}" y="${at + 4}" text-anchor="end">${y.format(tick)}</text>`;
    }),
    `<path d="M${plot.left} ${plot.top}V${plot.bottom}H${plot.right}" fill="none" stroke="#888"/>`,
  ];
  return lines.join("\n");
}

function curveLines(curve: Curve, x: Axis, y: Axis): string[] {
  const path = (points: readonly Point[]) =>
    points.map((point, i) => `${i === 0 ? "M" : "L"}${round(x.at(point.x))} ${round(near(y.at(point.y)))}`).join("");
  if (curve.raw.length === 0) return [];
  const raw = path(thinned(curve.raw, RAW_BUCKETS));
  if (curve.smooth.length === 0) return [`<path d="${raw}" ${curve.style} stroke-width="1.5"/>`];
  const smooth = path(curve.smooth);
  return [
    `<path d="${raw}" ${curve.style} stroke-width="1" stroke-opacity="0.28"/>`,
    `<path d="${smooth}" ${curve.style} stroke-width="2"/>`,
  ];
}

function legendLine(curve: Curve, left: number, top: number): string {
  const label = curve.label.length > LARGEST_LABEL ? `${curve.label.slice(0, LARGEST_LABEL - 1)}…` : curve.label;
  const last = curve.smooth.at(-1) ?? curve.raw.at(-1);
  const outliers = curve.raw.length - curve.usual.length;
  const outside = outliers === 0 ? "" : `, ${outliers} ${outliers === 1 ? "outlier" : "outliers"} not averaged`;
  const note = last === undefined ? "no points" : `ends at ${last.y.toPrecision(3)}${outside}`;
  return `<path d="M${left} ${top + 6}h26" ${curve.style} stroke-width="2.5"/><text x="${left + 34}" y="${top + 10}">${escapeXml(label)} · ${note}</text>`;
}

/** Far outside of any picture: a program that draws it may not know larger numbers. */
const FAR = 1e5;
const near = (value: number): number => Math.max(-FAR, Math.min(FAR, value));
const round = (value: number): number => Math.round(value * 10) / 10;

/** Characters that XML forbids are dropped, those it reserves are escaped. */
function escapeXml(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']|[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, (c) => names[c] ?? "");
}
