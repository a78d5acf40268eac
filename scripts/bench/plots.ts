/** Plots of the report: speed and cost by mask rate, readable on light and on dark pages. */
import { formatTick, linearTicks, logarithmicTicks, tickFormat } from "../../src/core/series/axis.ts";
import { chartSvg, type SvgLine } from "../../src/core/series/chartSvg.ts";
import type { SvgAxis } from "../../src/core/series/svgFrame.ts";
import { type BenchRecord, type Cell, measuredRow } from "./record.ts";
import { median } from "./statistics.ts";

const LIGHT = { text: "#24292f", grid: "#d8dee4", background: "#ffffff" };
const DARK = { text: "#e6edf3", grid: "#3d444d", background: "#0d1117" };
/** Told apart on both backgrounds, and in the common colour deficiencies; a dash tells them apart without colour. */
const STYLES = [
  { colour: "#d55e00", dash: [] },
  { colour: "#0072b2", dash: [] },
  { colour: "#009e73", dash: [] },
  { colour: "#cc79a7", dash: [6, 3] },
  { colour: "#8a8f98", dash: [] },
  { colour: "#b8860b", dash: [2, 3] },
  { colour: "#56b4e9", dash: [8, 3, 2, 3] },
] as const;
const IDEAL = { colour: "#8a8f98", dash: [2, 4] };
const USUAL_BATCH = 32;
const WIDTH = 640;
const HEIGHT = 360;

interface Points {
  readonly label: string;
  readonly points: readonly (readonly [rate: number, value: number])[];
  readonly style: { readonly colour: string; readonly dash: readonly number[] };
}

/** The plots of a model by name of what they show; none where fewer than two mask rates were measured. */
export function plotsOf(record: BenchRecord, model: string): Map<string, string> {
  const batchSize = plottedBatch(record.cells.filter((cell) => cell.model === model));
  const cells = record.cells
    .filter((cell) => cell.model === model && cell.batchSize === batchSize)
    .sort((a, b) => a.maskRate - b.maskRate);
  const plots = new Map<string, string>();
  if (cells.length < 2) return plots;
  const speeds = record.engines.flatMap(({ id }, i): Points[] => {
    const style = STYLES[i % STYLES.length]!;
    const points = cells.flatMap((cell): [number, number][] => {
      const row = measuredRow(cell, id);
      return row ? [[cell.maskRate, median(row.blocks.map(({ perSecond }) => perSecond))]] : [];
    });
    return points.length > 0 ? [{ label: id, points, style }] : [];
  });
  if (speeds.length === 0) return plots;
  const title = `${model}, batch ${batchSize}`;
  plots.set("speed", draw(`Training speed by mask rate: ${title}`, "images per second", speeds, true));
  const relative = speeds.flatMap(({ label, points, style }): Points[] => {
    const whole = points.find(([rate]) => rate === 0);
    return whole ? [{ label, style, points: points.map(([rate, speed]) => [rate, whole[1] / speed] as const) }] : [];
  });
  const whole = cells.find(({ maskRate }) => maskRate === 0);
  if (relative.length > 0 && whole) {
    const ideal = cells.map((cell) => [cell.maskRate, cell.visibleTokens / cell.tokens] as const);
    const counted = cells.map((cell) => [cell.maskRate, cell.flopsPerStep / whole.flopsPerStep] as const);
    relative.push({ label: "visible share of tokens (ideal)", points: ideal, style: IDEAL });
    relative.push({ label: "counted matrix products", points: counted, style: { ...IDEAL, dash: [8, 4] } });
    plots.set(
      "cost",
      draw(`Cost of a step relative to m = 0: ${title}`, "time of a step, m = 0 is 1", relative, false),
    );
  }
  return plots;
}

/** The usual batch where it was measured, else the largest with the most mask rates. */
function plottedBatch(cells: readonly Cell[]): number | null {
  const rates = (batch: number) => cells.filter(({ batchSize }) => batchSize === batch).length;
  const batches = [...new Set(cells.map(({ batchSize }) => batchSize))];
  if (batches.includes(USUAL_BATCH)) return USUAL_BATCH;
  return batches.sort((a, b) => rates(b) - rates(a) || b - a)[0] ?? null;
}

function draw(title: string, unit: string, series: readonly Points[], logarithmic: boolean): string {
  const values = series.flatMap(({ points }) => points.map(([, value]) => value));
  const rates = series.flatMap(({ points }) => points.map(([rate]) => rate));
  const low = logarithmic ? Math.min(...values) / 1.3 : 0;
  const high = Math.max(...values) * (logarithmic ? 1.3 : 1.05);
  const ticks = (logarithmic ? logarithmicTicks : linearTicks)(low, high, 8);
  const y = { ticks, format: tickFormat(ticks) };
  const x = { ticks: [...new Set(rates)], format: formatTick };
  return adaptive(
    chartSvg({
      title,
      x: svgAxis(x, [Math.min(...rates), Math.max(...rates)], false, "mask rate m"),
      y: svgAxis(y, [low, high], logarithmic, unit),
      lines: series.map(lineOf),
      legend: series.map(({ label, style }) => ({ label, ...style })),
      width: WIDTH,
      height: HEIGHT,
      colours: LIGHT,
    }),
  );
}

function svgAxis(
  { ticks, format }: Pick<SvgAxis, "ticks" | "format">,
  [low, high]: readonly [number, number],
  logarithmic: boolean,
  title: string,
): SvgAxis {
  return { ticks, format, low, high, logarithmic, title };
}

function lineOf({ points, style }: Points): SvgLine {
  return {
    xs: Float64Array.from(points, ([rate]) => rate),
    ys: Float32Array.from(points, ([, value]) => value),
    length: points.length,
    colour: style.colour,
    dash: style.dash,
    width: 2,
    opacity: 1,
  };
}

/** Light colours as they are written, dark ones where the reader's page is dark. */
function adaptive(svg: string): string {
  const rules = [
    `svg{fill:${DARK.text}}`,
    `rect[fill="${LIGHT.background}"]{fill:${DARK.background}}`,
    `path[stroke="${LIGHT.grid}"]{stroke:${DARK.grid}}`,
  ];
  return svg.replace("</title>", `</title>\n<style>@media (prefers-color-scheme: dark){${rules.join("")}}</style>`);
}
