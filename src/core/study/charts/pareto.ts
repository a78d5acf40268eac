/** Quality against time: which configurations no other beats in both. */
import { linearTicks, logarithmicTicks, tickFormat } from "../../series/axis.ts";
import {
  axesSvg,
  axisMapping,
  clipped,
  DIGIT,
  escapeXml,
  labelRoom,
  round,
  shortened,
  svgDocument,
} from "../../series/svgFrame.ts";
import { durationTicks, shortDuration } from "../../series/timeAxis.ts";
import { METRICS } from "../metrics.ts";
import type { StudyTable, TableRow } from "../table.ts";
import type { Box } from "./hatch.ts";
import { axisRange, type ChartLook, colourOf, markOf, signLegend, signOf, whisker } from "./look.ts";

export interface ParetoOptions extends ChartLook {
  readonly height: number;
}

/** Times that lie further apart are drawn on a logarithmic axis. */
const WIDE = 20;

type Placed = TableRow & { readonly mean: number; readonly seconds: number };

export function paretoSvg(table: StudyTable, { width, height, colours }: ParetoOptions): string {
  const spec = METRICS[table.metric];
  const placed = table.rows.filter((row): row is Placed => row.mean !== null && row.seconds !== null);
  const [yLow, yHigh] = axisRange(
    placed.flatMap(({ mean, interval }) => [mean, interval?.low ?? mean, interval?.high ?? mean]),
  );
  const times = placed.flatMap(({ seconds, secondsRange }) => [
    seconds,
    secondsRange?.low ?? seconds,
    secondsRange?.high ?? seconds,
  ]);
  const logarithmic = times.length > 0 && Math.min(...times) > 0 && Math.max(...times) / Math.min(...times) > WIDE;
  const range = axisRange(times);
  const [xLow, xHigh] = logarithmic
    ? [Math.min(...times) / 1.15, Math.max(...times) * 1.15]
    : [Math.max(0, range[0]), range[1]];
  const yTicks = linearTicks(yLow, yHigh, 6);
  const xTicks = logarithmic
    ? { ticks: logarithmicTicks(xLow, xHigh, 8), format: shortDuration }
    : durationTicks(xLow, xHigh, Math.max(2, width / 120));
  const x = { ...xTicks, low: xLow, high: xHigh, logarithmic, title: "Training time, all stages" };
  const y = {
    ...{ ticks: yTicks, format: tickFormat(yTicks), low: yLow, high: yHigh, logarithmic: false },
    title: `${spec.title} (${spec.better} is better)`,
  };
  const plot = { left: Math.max(66, labelRoom(y)), right: width - 18, top: 38, bottom: height - 70 };
  const toX = axisMapping(x, plot.left, plot.right);
  const toY = axisMapping(y, plot.bottom, plot.top);
  const front = table.pareto.flatMap((index) => placed.filter((row) => row.index === index));
  const marks = placed.map((row) => {
    const [cx, cy] = [toX(row.seconds), toY(row.mean)];
    const colour = colourOf(row.standing, colours);
    const bars = [
      row.interval && whisker([cx, toY(row.interval.low)], [cx, toY(row.interval.high)], colour),
      row.secondsRange && whisker([toX(row.secondsRange.low), cy], [toX(row.secondsRange.high), cy], colour),
    ];
    return markOf(row, table, [...bars, signOf(row.standing, cx, cy, colours)].join(""));
  });
  const body = [
    axesSvg(plot, x, y, colours.grid),
    clipped(
      plot,
      [
        `<path d="${frontPath(front, toX, toY, plot.right)}" fill="none" stroke="${colours.text}" stroke-width="1.2" stroke-dasharray="6 3"/>`,
        ...marks,
      ].join("\n"),
    ),
    ...labels(front, placed, toX, toY, plot),
    signLegend(table, plot.left, height - 8, colours),
  ];
  const title = `${spec.title} against training time`;
  return svgDocument({ title, width, height, left: plot.left, colours }, body.join("\n"));
}

type ToPixel = (value: number) => number;

/** Steps: until the next one takes over, nothing better is to be had. */
function frontPath(front: readonly Placed[], toX: ToPixel, toY: ToPixel, right: number): string {
  const [first, ...rest] = front;
  if (first === undefined) return "";
  const steps = rest.map(({ seconds, mean }) => `H${round(toX(seconds))}V${round(toY(mean))}`);
  return `M${round(toX(first.seconds))} ${round(toY(first.mean))}${steps.join("")}H${right}`;
}

const LINE = 13;

/** Names of those on the front, where they cover neither each other nor a sign. */
function labels(
  front: readonly Placed[],
  placed: readonly Placed[],
  toX: ToPixel,
  toY: ToPixel,
  plot: { left: number; right: number; top: number; bottom: number },
): string[] {
  const taken = placed.map(({ seconds, mean }) => ({ x: toX(seconds) - 7, y: toY(mean) - 7, width: 14, height: 14 }));
  return front.flatMap(({ seconds, mean, label }) => {
    const shown = shortened(label, 260);
    const width = DIGIT * shown.length;
    const [cx, cy] = [toX(seconds), toY(mean)];
    const places = [-10, 18, -24, 32, -38, 46].flatMap((dy) =>
      [cx + 9, cx - 9 - width, cx - width / 2].map((left) => ({ x: left, y: cy + dy - LINE + 3, width, height: LINE })),
    );
    const free = places.find(
      (box) =>
        box.x > plot.left &&
        box.x + width < plot.right &&
        box.y > plot.top &&
        box.y + LINE < plot.bottom &&
        taken.every((other) => !overlaps(box, other)),
    );
    // Left out rather than unreadable: it has its tooltip, and its row in the table.
    if (free === undefined) return [];
    taken.push(free);
    return [`<text x="${round(free.x)}" y="${round(free.y + LINE - 3)}">${escapeXml(shown)}</text>`];
  });
}

const overlaps = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
