/** Parallel coordinates: a line for each configuration over the study's axes, its metric and its time, and which of them filters let through. */
import { formatTick, linearTicks } from "../../series/axis.ts";
import { axisMapping, escapeXml, round, shortened, svgDocument } from "../../series/svgFrame.ts";
import { durationTicks, shortDuration } from "../../series/timeAxis.ts";
import { METRICS } from "../metrics.ts";
import { rankedRows, type StudyTable, type TableRow } from "../table.ts";
import { axisRange, type ChartLook, colourOf, markOf } from "./look.ts";

/** What is kept over a reload: plain data. */
export interface ParallelFilter {
  /** by the key of an axis, in its own values; those of an axis of the study are places of points, from 0 */
  readonly ranges: Readonly<Record<string, readonly [low: number, high: number]>>;
  /** only so many of the best; null: all */
  readonly top: number | null;
}

export const NO_FILTER: ParallelFilter = { ranges: {}, top: null };

export interface ParallelOptions extends ChartLook {
  readonly height: number;
  readonly filter: ParallelFilter;
}

export interface ParallelAxis {
  /** name of the study's axis, or METRIC_KEY, or SECONDS_KEY */
  readonly key: string;
  readonly title: string;
  /** pixels */
  readonly x: number;
  /** value at the lower end, and at the upper one */
  readonly bottom: number;
  readonly top: number;
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
  /** null: there is none */
  readonly of: (row: TableRow) => number | null;
}

/** No key of an experiment begins so. */
export const METRIC_KEY = "=metric";
const SECONDS_KEY = "=seconds";

const SIDE = 90;
const TOP = 74;
const BELOW = 34;

/** Where the axes stand. The better end of the metric, and the shorter of the time, is the upper one. */
export function parallelAxes(table: StudyTable, width: number): ParallelAxis[] {
  const { rows, metric } = table;
  const spec = METRICS[metric];
  const studied = table.axes.map(({ name, points }, i) => ({
    ...{ key: name, title: name, bottom: 0, top: points.length - 1 },
    ticks: points.map(({ label }, value) => ({ value, label })),
    of: (row: TableRow) => row.points[i]!,
  }));
  const [low, high] = axisRange(rows.flatMap((row) => row.mean ?? []));
  const measured = {
    ...{ key: METRIC_KEY, title: spec.title, of: (row: TableRow) => row.mean },
    ...(spec.better === "lower" ? { bottom: high, top: low } : { bottom: low, top: high }),
    ticks: linearTicks(low, high, 6).map((value) => ({ value, label: formatTick(value) })),
  };
  const [shortest, longest] = axisRange(rows.flatMap(({ seconds }) => seconds ?? []));
  const timed = {
    ...{ key: SECONDS_KEY, title: "training time", bottom: longest, top: Math.max(0, shortest) },
    ticks: durationTicks(Math.max(0, shortest), longest, 6).ticks.map((value) => ({
      value,
      label: shortDuration(value),
    })),
    of: (row: TableRow) => row.seconds,
  };
  const all = [...studied, measured, timed];
  return all.map((axis, i) => ({ ...axis, x: SIDE + (i * (width - 2 * SIDE)) / (all.length - 1) }));
}

/** Pixels of values of an axis in a picture of that height. An axis of one point has it in the middle. */
export function parallelMapping(
  { bottom, top }: Pick<ParallelAxis, "bottom" | "top">,
  height: number,
): (value: number) => number {
  if (bottom === top) return () => (TOP + height - BELOW) / 2;
  return axisMapping({ low: bottom, high: top, logarithmic: false }, height - BELOW, TOP);
}

/** Ends of the axes in pixels. */
export const parallelSpan = (height: number): readonly [top: number, bottom: number] => [TOP, height - BELOW];

/** The rows that a filter lets through. */
export function filteredRows(
  table: StudyTable,
  axes: readonly ParallelAxis[],
  { ranges, top }: ParallelFilter,
): Set<number> {
  const best = rankedRows(table).filter(({ mean }) => mean !== null);
  const bounds = axes.flatMap(({ key, of }) => (ranges[key] === undefined ? [] : [{ of, range: ranges[key] }]));
  const kept = best.slice(0, top ?? best.length).filter((row) =>
    bounds.every(({ of, range: [low, high] }) => {
      const value = of(row);
      return value !== null && value >= low && value <= high;
    }),
  );
  return new Set(kept.map(({ index }) => index));
}

const isStrong = ({ standing }: TableRow): boolean => standing === "best" || standing === "not different";

/** How much of a row's line is seen. */
export const lineOpacity = (row: TableRow, kept: ReadonlySet<number>): number =>
  kept.has(row.index) ? (isStrong(row) ? 1 : 0.62) : 0.07;

/** The line below the picture. */
export function parallelNote({ rows }: StudyTable, kept: ReadonlySet<number>): string {
  const missing = rows.filter(({ mean }) => mean === null).length;
  const left = missing > 0 ? `, ${missing} without a result left out` : "";
  return `${kept.size} of ${rows.length - missing} configurations${left}; the better and the quicker is above`;
}

export function parallelSvg(table: StudyTable, { width, height, colours, filter }: ParallelOptions): string {
  const axes = parallelAxes(table, width);
  const kept = filteredRows(table, axes, filter);
  const [top, bottom] = parallelSpan(height);
  const maps = axes.map((axis) => parallelMapping(axis, height));
  const shown = rankedRows(table).filter(({ mean }) => mean !== null);
  // The best ones lie on top of the others.
  const lines = shown.toReversed().map((row) => {
    const points = axes.flatMap(({ x, of }, i) => {
      const value = of(row);
      return value === null ? [] : [`${round(x)} ${round(maps[i]!(value))}`];
    });
    const look = `fill="none" stroke="${colourOf(row.standing, colours)}" stroke-width="${isStrong(row) ? 2 : 1.2}"`;
    const line = `<path d="M${points.join("L")}" ${look} stroke-opacity="${lineOpacity(row, kept)}"/>`;
    return markOf(row, table, line);
  });
  const axisLines = axes.map(({ x, title, ticks }, i) => {
    const at = round(x);
    const room = (width - 2 * SIDE) / (axes.length - 1);
    // No line runs left of the first axis.
    const place = i === 0 ? `x="${at - 7}" text-anchor="end"` : `x="${at + 7}"`;
    const labels = ticks.map(({ value, label }) => {
      const y = round(maps[i]!(value));
      return `<path d="M${at - 4} ${y}h8" stroke="${colours.muted}"/><text class="halo" ${place} y="${y + 4}" stroke="${colours.background}" stroke-width="3" stroke-linejoin="round" paint-order="stroke">${escapeXml(shortened(label, i === 0 ? SIDE - 10 : Math.max(60, room - 20)))}</text>`;
    });
    return `<path d="M${at} ${top}V${bottom}" stroke="${colours.muted}"/>${labels.join("")}<text x="${at}" y="${top - 14}" text-anchor="middle" font-weight="600">${escapeXml(shortened(title, Math.max(70, room - 8)))}</text>`;
  });
  const body = [
    `<g class="rows">\n${lines.join("\n")}\n</g>`,
    ...axisLines,
    `<text class="note" x="14" y="${height - 8}" fill="${colours.muted}">${parallelNote(table, kept)}</text>`,
  ];
  return svgDocument(
    { title: "Configurations in parallel coordinates", width, height, left: 14, colours },
    body.join("\n"),
  );
}
