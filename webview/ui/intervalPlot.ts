/** Values with their intervals, drawn in rows that share a scale: dot and whisker, and a tick for what they are held against. */
import { linearTicks, tickFormat } from "../../src/core/series/axis.ts";
import { shape } from "./shape.ts";

export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** What an interval is drawn with. */
export interface IntervalMark {
  readonly interval: Interval;
  /** what is to be reached, such as what chance alone gives; a band shows its own interval */
  readonly floor?: Interval;
}

/** Part of the number line that rows show, in so many pixels. */
export interface IntervalScale {
  readonly low: number;
  readonly high: number;
  readonly width: number;
}

const HEIGHT = 18;
const MIDDLE = HEIGHT / 2;
/** Of the range, on both sides. */
const MARGIN = 0.05;
const TICKS = 4;
/** About the width of a digit. */
const DIGIT = 5.5;

/** A scale for all of them, with zero on it. */
export function intervalScale(marks: readonly IntervalMark[], width: number): IntervalScale {
  const ends = marks.flatMap(({ interval, floor }) => [interval.low, interval.high, floor?.low ?? 0, floor?.high ?? 0]);
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const margin = MARGIN * (high - low || 1);
  return { low: low - margin, high: high + margin, width };
}

/**
 * @param label says the same in words
 * @param colour of dot and whisker, as CSS has it
 */
export function intervalPlot(
  { interval, floor }: IntervalMark,
  scale: IntervalScale,
  label: string,
  colour: string,
): SVGSVGElement {
  const x = (value: number): number => along(value, scale);
  const root = drawing(scale, { role: "img", "aria-label": label });
  root.append(shape("title", {}, label), line("zero", x(0), x(0), 0, HEIGHT));
  if (floor !== undefined) {
    const [from, to] = [x(floor.low), x(floor.high)];
    const band = { class: "floor-band", x: `${from}`, y: "2", width: `${to - from}`, height: `${HEIGHT - 4}` };
    root.append(shape("rect", band), line("floor", x(floor.value), x(floor.value), 2, HEIGHT - 2));
  }
  const drawn = shape(
    "g",
    { class: "interval", style: `color: ${colour}` },
    line("whisker", x(interval.low), x(interval.high), MIDDLE, MIDDLE),
    ...[interval.low, interval.high].map((end) => line("whisker", x(end), x(end), MIDDLE - 3, MIDDLE + 3)),
    shape("circle", { cx: `${x(interval.value)}`, cy: `${MIDDLE}`, r: "3.5" }),
  );
  root.append(drawn);
  return root;
}

/** The numbers of the scale, for the head of the rows. */
export function intervalAxis(scale: IntervalScale): SVGSVGElement {
  const ticks = linearTicks(scale.low, scale.high, TICKS);
  const format = tickFormat(ticks);
  const root = drawing(scale, { class: "interval-axis", "aria-hidden": "true" });
  for (const tick of ticks) {
    const at = along(tick, scale);
    const half = (DIGIT * format(tick).length) / 2;
    const within = Math.min(scale.width - half, Math.max(half, at));
    root.append(
      line("tick", at, at, HEIGHT - 4, HEIGHT),
      shape("text", { x: `${within}`, y: `${HEIGHT - 7}`, "text-anchor": "middle" }, format(tick)),
    );
  }
  return root;
}

const along = (value: number, { low, high, width }: IntervalScale): number =>
  Math.round((100 * width * (value - low)) / (high - low)) / 100;

function drawing({ width }: IntervalScale, attributes: Readonly<Record<string, string>>): SVGSVGElement {
  const size = { viewBox: `0 0 ${width} ${HEIGHT}`, width: `${width}`, height: `${HEIGHT}` };
  return shape("svg", { class: "interval-plot", ...size, ...attributes });
}

const line = (name: string, x1: number, x2: number, y1: number, y2: number): SVGLineElement =>
  shape("line", { class: name, x1: `${x1}`, x2: `${x2}`, y1: `${y1}`, y2: `${y2}` });
