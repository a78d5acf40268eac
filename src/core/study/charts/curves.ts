/** Chosen configurations over their training: the mean over seeds in a band. */
import { linearTicks, logarithmicTicks, tickFormat } from "../../series/axis.ts";
import type { Band } from "../../series/band.ts";
import { chartSvg, type SvgLine } from "../../series/chartSvg.ts";
import { durationTicks } from "../../series/timeAxis.ts";
import { automaticYRange } from "../../series/yRange.ts";
import type { StudyTable } from "../table.ts";
import { type ChartLook, markOf } from "./look.ts";
import type { CurveAxis, CurveMeasure, SeedCurve } from "./seedCurves.ts";

export interface CurvesOptions extends ChartLook {
  readonly height: number;
  readonly curves: readonly SeedCurve[];
  readonly measure: CurveMeasure;
  readonly axis: CurveAxis;
  /** of the band: from the lowest to the highest seed, or the 95 % interval of the mean */
  readonly band: "range" | "interval";
}

export const MEASURE_TITLES: Readonly<Record<CurveMeasure, string>> = {
  loss: "Training loss",
  heldOutLoss: "Held-out loss",
  kid: "KID",
};

export function curvesSvg(
  table: StudyTable,
  { curves, measure, axis, band, width, height, colours }: CurvesOptions,
): string {
  const title = MEASURE_TITLES[measure];
  const lines = curves.map(
    ({ row, xs, mean }, i): SvgLine => ({
      ...{ xs, ys: mean, length: xs.length, width: 2, opacity: 1 },
      ...lineStyle(i, colours.lines),
      mark: (path) => markOf(table.rows[row]!, table, path),
    }),
  );
  const bands = curves.flatMap((curve, i) => {
    const colour = lineStyle(i, colours.lines).colour;
    return curve.n < 2 ? [] : stretches(curve, band).map((stretch) => ({ ...stretch, colour }));
  });
  const last = Math.max(0, ...curves.map(({ xs }) => xs.at(-1)!)) || 1;
  const logarithmic = measure !== "kid";
  const edges = bands.flatMap(({ low, high }) => [low, high]);
  const { range, leavesOut } = automaticYRange(
    [...lines, ...edges].map((line) => ({ line, opacity: 1 })),
    [0, last],
    { logarithmic, fromZero: false, ignoreOutliers: true },
  );
  // What a logarithm cannot show lies below the plot.
  const lowest = logarithmic ? range[0] / 10 : Number.NEGATIVE_INFINITY;
  const xTicks = linearTicks(0, last, Math.max(2, width / 110));
  const yTicks = logarithmic ? logarithmicTicks(...range, 8) : linearTicks(...range, 6);
  const about = band === "range" ? "range of seeds" : "its 95 % interval";
  const unit = leavesOut ? `${title.toLowerCase()} (outliers outside)` : title === "KID" ? title : title.toLowerCase();
  return chartSvg({
    title: `${title}, mean and ${about}`,
    x: {
      ...(axis === "seconds"
        ? durationTicks(0, last, Math.max(2, width / 110))
        : { ticks: xTicks, format: tickFormat(xTicks) }),
      ...{ low: 0, high: last, logarithmic: false },
      title: axis === "seconds" ? "Training time, all stages" : "Steps, all stages",
    },
    y: { ticks: yTicks, format: tickFormat(yTicks), low: range[0], high: range[1], logarithmic, title: unit },
    ...{ lines, width, height, colours },
    bands: bands.map((own) => ({ ...own, low: { ...own.low, ys: own.low.ys.map((y) => Math.max(lowest, y)) } })),
    legend: curves.map(({ row, n }, i) => ({
      label: `${table.rows[row]!.label} (n ${n})`,
      ...lineStyle(i, colours.lines),
    })),
  });
}

/** The band between two gaps, each by itself. */
function stretches({ xs, ...curve }: SeedCurve, band: CurvesOptions["band"]): Band[] {
  const [lows, highs] = band === "range" ? [curve.lowest, curve.highest] : [curve.low, curve.high];
  const bands: Band[] = [];
  let from = 0;
  for (let i = 0; i <= xs.length; i++) {
    if (i < xs.length && !Number.isNaN(lows[i]! + highs[i]!)) continue;
    const part = (ys: Float32Array) => ({ xs: xs.subarray(from, i), ys: ys.subarray(from, i), length: i - from });
    if (i > from) bands.push({ low: part(lows), high: part(highs) });
    from = i + 1;
  }
  return bands;
}

const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 2.5], [9, 3, 2, 3]];

/** Told apart by dashes where there are more lines than colours. */
const lineStyle = (i: number, colours: readonly string[]): Pick<SvgLine, "colour" | "dash"> => ({
  colour: colours[i % colours.length]!,
  dash: DASHES[Math.floor(i / colours.length) % DASHES.length]!,
});
