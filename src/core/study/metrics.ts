/** What a study can compare its cells by. */
import type { Evaluation } from "../run/evaluations.ts";

interface MetricSpec {
  /** as charts and tables name it */
  readonly title: string;
  readonly better: "lower" | "higher";
  /** of an evaluation; null: it is no measure of drawn images */
  readonly of: ((evaluation: Evaluation) => number) | null;
  readonly description: string;
}

const SPECS = {
  kid: {
    title: "KID",
    better: "lower",
    of: ({ kid }) => kid.value,
    description: "kernel distance of drawn and training images",
  },
  frechet: {
    title: "Fréchet distance",
    better: "lower",
    of: ({ frechet }) => frechet.distance,
    description: "Fréchet distance of drawn and training images",
  },
  precision: {
    title: "Precision",
    better: "higher",
    of: ({ precision }) => precision,
    description: "share of drawn images among the training images",
  },
  recall: {
    title: "Recall",
    better: "higher",
    of: ({ recall }) => recall,
    description: "share of training images among the drawn ones",
  },
  density: {
    title: "Density",
    better: "higher",
    of: ({ density }) => density,
    description: "how densely training images lie around drawn ones",
  },
  coverage: {
    title: "Coverage",
    better: "higher",
    of: ({ coverage }) => coverage,
    description: "share of training images with a drawn one close by",
  },
  copying: {
    title: "Copies",
    better: "lower",
    of: ({ copying }) => copying.share,
    description: "share of drawn images that are copies of training images",
  },
  held_out_loss: {
    title: "Held-out loss",
    better: "lower",
    of: null,
    description: "denoising loss on whole images that data.holdout keeps out of training; needs no drawing",
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricName = keyof typeof SPECS;
export const METRICS: Readonly<Record<MetricName, MetricSpec>> = SPECS;
export const METRIC_NAMES = Object.keys(SPECS) as [MetricName, ...MetricName[]];
