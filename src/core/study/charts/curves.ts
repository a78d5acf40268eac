/** Chosen configurations over their training: the mean over seeds in a band. */
import { linearTicks, logarithmicTicks, tickFormat } from "../../series/axis.ts";
import { chartSvg, type SvgBand, type SvgLine } from "../../series/chartSvg.ts";
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
  const bands = curves.flatMap((curve, i): SvgBand[] => {
    const [lows, highs] = band === "range" ? [curve.lowest, curve.highest] : [curve.low, curve.high];
    return curve.n < 2 ? [] : [{ xs: curve.xs, lows, highs, colour: lineStyle(i, colours.lines).colour }];
  });
  const last = Math.max(0, ...curves.map(({ xs }) => xs.at(-1)!)) || 1;
  const logarithmic = measure !== "kid";
  const edges = bands.flatMap(({ xs, lows, highs }) => [lows, highs].map((ys) => ({ xs, ys, length: xs.length })));
  const { range, leavesOut } = automaticYRange(
    [...lines, ...edges].map((line) => ({ line, opacity: 1 })),
    [0, last],
    { logarithmic, fromZero: false, ignoreOutliers: true },
  );
  const xTicks = linearTicks(0, last, Math.max(2, width / 110));
  const yTicks = logarithmic ? logarithmicTicks(...range, 8) : linearTicks(...range, 6);
  const about = band === "range" ? "lowest to highest seed" : "95 % interval of the mean";
  const unit = leavesOut ? `${title.toLowerCase()} (outliers outside)` : title === "KID" ? title : title.toLowerCase();
  return chartSvg({
    title: `${title}: mean over seeds, band: ${about}`,
    x: {
      ...(axis === "seconds"
        ? durationTicks(0, last, Math.max(2, width / 110))
        : { ticks: xTicks, format: tickFormat(xTicks) }),
      ...{ low: 0, high: last, logarithmic: false },
      title: axis === "seconds" ? "Training time, all stages" : "Steps, all stages",
    },
    y: { ticks: yTicks, format: tickFormat(yTicks), low: range[0], high: range[1], logarithmic, title: unit },
    ...{ bands, lines, width, height, colours },
    legend: curves.map(({ row, n }, i) => ({
      label: `${table.rows[row]!.label} (n ${n})`,
      ...lineStyle(i, colours.lines),
    })),
  });
}

const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 2.5], [9, 3, 2, 3]];

/** Told apart by dashes where there are more lines than colours. */
const lineStyle = (i: number, colours: readonly string[]): Pick<SvgLine, "colour" | "dash"> => ({
  colour: colours[i % colours.length]!,
  dash: DASHES[Math.floor(i / colours.length) % DASHES.length]!,
});
