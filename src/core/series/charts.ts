/** The charts of a dashboard: what each shows, for the host that prepares the points and the page that draws them. */
import type { AxisName, Measure } from "./columns.ts";

/** No charts of their own: bands in those that they are the errors of. */
type ErrorMeasure = "heldOutError" | "kidError";

/** A chart is named after the one measure that it shows. */
export type ChartId = Exclude<Measure, ErrorMeasure>;

export interface ChartSpec {
  readonly title: string;
  /** what the y axis counts */
  readonly unit: string;
  /** how values are written */
  readonly format: "number" | "bytes" | "percent";
  /** noisy enough that a moving average tells more */
  readonly smoothed: boolean;
  /** a value may be missing without meaning anything; otherwise a missing value is one that was not finite, and a gap */
  readonly spansGaps: boolean;
  /** the axis begins at 0 unless it is logarithmic */
  readonly fromZero: boolean;
  /** shown smaller, four in a row */
  readonly small: boolean;
  /** standard error of what is shown, drawn as a band; null: none is known */
  readonly error: ErrorMeasure | null;
  /** not every run has it: without any value it is not shown */
  readonly optional: boolean;
}

const quarter = (title: string): ChartSpec => ({
  title,
  unit: "loss",
  format: "number",
  smoothed: true,
  spansGaps: true,
  fromZero: false,
  small: true,
  error: null,
  optional: false,
});

/** Measured now and then, with an error. */
const measured = (error: ErrorMeasure): Partial<ChartSpec> => ({ error, optional: true, spansGaps: true });

const plain = (title: string, unit: string, change: Partial<ChartSpec> = {}): ChartSpec => ({
  title,
  unit,
  format: "number",
  smoothed: false,
  spansGaps: false,
  fromZero: true,
  small: false,
  error: null,
  optional: false,
  ...change,
});

export const CHARTS: Readonly<Record<ChartId, ChartSpec>> = {
  loss: plain("Loss", "loss", { smoothed: true, fromZero: false }),
  loss0: quarter("Loss, t below ¼ T"),
  loss1: quarter("Loss, t from ¼ T"),
  loss2: quarter("Loss, t from ½ T"),
  loss3: quarter("Loss, t from ¾ T"),
  heldOutLoss: plain("Held-out loss", "loss of whole held-out images", {
    ...measured("heldOutError"),
    fromZero: false,
  }),
  kid: plain("KID", "kernel distance", measured("kidError")),
  gradNorm: plain("Gradient norm", "norm before clipping", { smoothed: true, fromZero: false }),
  lr: plain("Learning rate", "learning rate"),
  imagesPerSecond: plain("Speed", "images per second", { smoothed: true }),
  memory: plain("Memory", "resident memory", { format: "bytes", spansGaps: true }),
  dataWait: plain("Waiting for images", "share of time", { format: "percent", smoothed: true, spansGaps: true }),
};

export const CHART_IDS = Object.keys(CHARTS) as ChartId[];

/** What a chart shows, and the error of it. */
export function measuresOf(chart: ChartId): Measure[] {
  const { error } = CHARTS[chart];
  return error === null ? [chart] : [chart, error];
}

export const AXIS_TITLES: Readonly<Record<AxisName, string>> = {
  step: "Steps",
  images: "Images seen",
  seconds: "Training time",
  time: "Wall clock",
};
