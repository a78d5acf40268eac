/** What a study can compare its cells by. */
import type { Measured } from "../evaluation/look.ts";
import type { Evaluation } from "../run/evaluations.ts";

interface MetricSpec {
  /** as charts and tables name it */
  readonly title: string;
  readonly better: "lower" | "higher";
  /** of an evaluation, which may lack it; null: it is no measure of drawn images */
  readonly of: ((evaluation: Evaluation) => number | null | undefined) | null;
  /** its standard error, where it has one */
  readonly error?: (evaluation: Evaluation) => number | undefined;
  /** there is none without images that data.holdout keeps out of training */
  readonly needsHeldOut?: true;
  readonly description: string;
}

/** Of a measure that is recorded with its standard error, where an evaluation has it. */
const measured = (record: (evaluation: Evaluation) => Measured | null | undefined) => ({
  of: (evaluation: Evaluation) => record(evaluation)?.value,
  error: (evaluation: Evaluation) => record(evaluation)?.standardError,
});

const SPECS = {
  kid: {
    title: "KID",
    better: "lower",
    ...measured(({ kid }) => kid),
    description: "kernel distance of drawn and training images",
  },
  kid_held_out: {
    title: "KID to held-out images",
    better: "lower",
    ...measured(({ kidHeldOut }) => kidHeldOut),
    needsHeldOut: true,
    description: "kernel distance of drawn images and images that data.holdout keeps out of training, 20 or more",
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
  near_copies: {
    title: "Near copies",
    better: "lower",
    of: ({ copying }) => copying.nearCopies?.share,
    description: "share of drawn images less than a third as far from the nearest training image as from the second",
  },
  border_ratio: {
    title: "Border ratio",
    better: "lower",
    ...measured(({ look }) => look?.borderRatio),
    description:
      "ratio of jumps across patch borders to jumps inside patches, over that of training images (1: no squares show)",
  },
  grain: {
    title: "Grain",
    better: "lower",
    ...measured(({ look }) => look?.grain),
    description: "energy that a 3 x 3 median takes away, over that of training images (1: as clean)",
  },
  flat_background: {
    title: "Flat background",
    better: "higher",
    ...measured(({ look }) => look?.flatBackground),
    description: "share of pixels of the colour data.background, over that of training images (1: as plain)",
  },
  held_out_loss: {
    title: "Held-out loss",
    better: "lower",
    of: null,
    needsHeldOut: true,
    description: "denoising loss on whole images that data.holdout keeps out of training; needs no drawing",
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricName = keyof typeof SPECS;
export const METRICS: Readonly<Record<MetricName, MetricSpec>> = SPECS;
export const METRIC_NAMES = Object.keys(SPECS) as [MetricName, ...MetricName[]];
