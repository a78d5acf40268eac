/** Distances to the target over what the training has cost, as a chart in SVG text. */
import { linearTicks, logarithmicTicks, tickFormat } from "../series/axis.ts";
import { chartSvg, type SvgChart, type SvgLine } from "../series/chartSvg.ts";
import type { ToyCloud, ToyFrame, ToyStart } from "./messages.ts";
import type { ToyColours } from "./panel.ts";

export const TOY_MEASURES = {
  energy: { title: "Energy distance to the target", of: ({ distances }: ToyCloud) => distances.energy },
  marginals: {
    title: "1-Wasserstein distance of the marginals",
    of: ({ distances: { marginals } }: ToyCloud) => (marginals[0] + marginals[1]) / 2,
  },
} as const;
export type ToyMeasure = keyof typeof TOY_MEASURES;

export interface ToyCurvesLook {
  readonly width: number;
  readonly height: number;
  readonly colours: ToyColours;
}

type LegendEntry = SvgChart["legend"][number];

/** What the lines stand for. */
export const toyCurvesLegend = (
  colours: ToyColours,
): [staged: LegendEntry, scratch: LegendEntry, twice: LegendEntry] => [
  { label: "in two stages", colour: colours.drawn, dash: [] },
  { label: "from scratch", colour: colours.text, dash: [6, 3] },
  { label: "other draws of the target", colour: colours.muted, dash: [2, 3] },
];

/** @param shown frames that are drawn, from the first on; the scale is that of all */
export function toyCurvesSvg(
  start: ToyStart,
  frames: readonly ToyFrame[],
  measure: ToyMeasure,
  { width, height, colours }: ToyCurvesLook,
  shown = frames.length,
): string {
  const [staged, scratch, twice] = toyCurvesLegend(colours);
  const { title, of } = TOY_MEASURES[measure];
  const floor = Math.max(1e-4, of(start.target));
  // Networks that have learned nothing lie too far away to leave room for the rest.
  const values = frames.slice(1).flatMap(({ staged, scratch }) => [of(staged), of(scratch)]);
  const low = 0.7 * Math.min(floor, ...values.map((value) => Math.max(value, floor / 2)));
  const high = Math.max(4 * low, 1.3 * Math.max(floor, ...values));
  const yTicks = logarithmicTicks(low, high, 6);
  const xTicks = linearTicks(0, start.settings.steps, 6);
  const line = (of: (frame: ToyFrame) => number, { colour, dash }: LegendEntry): SvgLine => {
    const part = frames.slice(0, shown);
    return {
      xs: Float64Array.from(part, ({ budget }) => budget),
      // A difference of two draws by chance may be below 0, which a logarithmic axis cannot show.
      ys: Float32Array.from(part, (frame) => Math.max(of(frame), low)),
      ...{ length: part.length, colour, dash, width: 2, opacity: 1 },
    };
  };
  const chance: SvgLine = {
    xs: Float64Array.of(0, start.settings.steps),
    ys: Float32Array.of(floor, floor),
    ...{ length: 2, colour: twice.colour, dash: twice.dash, width: 1, opacity: 1 },
  };
  return chartSvg({
    title,
    x: {
      ticks: xTicks,
      format: tickFormat(xTicks),
      low: 0,
      high: start.settings.steps,
      logarithmic: false,
      title: "cost, in steps on whole points",
    },
    y: { ticks: yTicks, format: tickFormat(yTicks), low, high, logarithmic: true, title: "distance" },
    lines: [chance, line((frame) => of(frame.staged), staged), line((frame) => of(frame.scratch), scratch)],
    legend: [staged, scratch, twice],
    ...{ width, height, colours },
  });
}
