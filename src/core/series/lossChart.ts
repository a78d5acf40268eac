/** The loss of a run's stages, one after the other, as a picture: its own values pale, their moving average strong. */
import type { StepMetrics } from "../run/metrics.ts";
import { logarithmicTicks, tickFormat } from "./axis.ts";
import { chartSvg, type SvgLine } from "./chartSvg.ts";
import { AXIS_TITLES, CHARTS } from "./charts.ts";
import { RunColumns } from "./columns.ts";
import { bucketGrid, decimate, PointList } from "./decimate.ts";
import { SmoothedSeries, suitableSmoothing } from "./smooth.ts";
import { durationTicks } from "./timeAxis.ts";
import { automaticYRange } from "./yRange.ts";

export interface LossStage {
  readonly label: string;
  /** in ascending order of steps */
  readonly metrics: readonly StepMetrics[];
}

/** Okabe and Ito's colours, told apart by colour-blind readers; black and yellow left out. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"];
/** White, so that the picture reads on dark pages, too. */
const PAPER = { text: "#222222", grid: "#e4e4e4", background: "#ffffff" };
const WIDTH = 860;
const HEIGHT = 440;

/**
 * SVG text of the curves over seconds of training, on a logarithmic axis; each stage begins where the one before ended. A stage
 * without values keeps its place in the legend.
 */
export function lossChartSvg(stages: readonly LossStage[]): string {
  let seconds = 0;
  const lines = stages.flatMap(({ metrics }, i): SvgLine[] => {
    const colour = COLOURS[i % COLOURS.length]!;
    const columns = new RunColumns(0);
    columns.add(metrics);
    const { length } = columns;
    const xs = columns.axis("seconds").subarray(0, length);
    const startsAt = seconds;
    seconds += xs.at(-1) ?? 0;
    const average = new SmoothedSeries(Math.max(1, suitableSmoothing(metrics.at(-1)?.step ?? 0)));
    average.update(columns.axis("step"), columns.measure("loss"), length, 0);
    const line = (ys: Float32Array) => ({ ...thinned(xs, ys, startsAt), colour, dash: [] });
    return [
      { ...line(columns.measure("loss")), width: 1, opacity: 0.28 },
      { ...line(average.values), width: 2, opacity: 1 },
    ];
  });
  const x = [0, seconds > 0 ? seconds : 1] as const;
  const shown = lines.map((line) => ({ line, opacity: line.opacity }));
  const scale = { logarithmic: true, fromZero: false } as const;
  const { range: y, leavesOut } = automaticYRange(shown, x, { ...scale, ignoreOutliers: true });
  const yTicks = logarithmicTicks(y[0], y[1], 10);
  return chartSvg({
    title: "Training loss",
    x: { ...durationTicks(x[0], x[1], 10), low: x[0], high: x[1], logarithmic: false, title: AXIS_TITLES.seconds },
    y: {
      ...{ ticks: yTicks, format: tickFormat(yTicks), low: y[0], high: y[1], logarithmic: true },
      title: leavesOut ? `${CHARTS.loss.unit} (outliers outside)` : CHARTS.loss.unit,
    },
    lines,
    legend: stages.map(({ label }, i) => ({ label, colour: COLOURS[i % COLOURS.length]!, dash: [] })),
    width: WIDTH,
    height: HEIGHT,
    colours: PAPER,
  });
}

/** As many points of a line as can be told apart. */
function thinned(xs: Float64Array, ys: Float32Array, startsAt: number): Pick<SvgLine, "xs" | "ys" | "length"> {
  const { length } = xs;
  const shifted = xs.map((value) => startsAt + value);
  const points = new PointList();
  const extent = [shifted[0] ?? 0, shifted[length - 1] ?? 0] as const;
  const grid = bucketGrid(null, extent, WIDTH, false);
  decimate({ xs: shifted, ys, length, spansGaps: true }, grid, 0, points);
  return { xs: points.xs, ys: points.ys, length: points.length };
}
