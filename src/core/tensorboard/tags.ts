/** Under which names TensorBoard shows what a run says. What is before the first "/" is a group there. */
import type { Evaluation } from "../run/evaluations.ts";
import { EVALUATION_MEASURES } from "../run/evaluationsCsv.ts";
import { isEverywhere } from "../run/guidanceRecord.ts";
import { CHARTS } from "../series/charts.ts";
import type { Measure } from "../series/columns.ts";

/** The learning rate comes first: it is always a number, and the first tag of an event is the name of its series. */
const MEASURE_TAGS: Readonly<Record<Measure, string>> = {
  lr: "train/learning_rate",
  loss: "train/loss",
  gradNorm: "train/gradient_norm",
  loss0: "train_by_timestep/loss_quarter_1",
  loss1: "train_by_timestep/loss_quarter_2",
  loss2: "train_by_timestep/loss_quarter_3",
  loss3: "train_by_timestep/loss_quarter_4",
  heldOutLoss: "held_out/loss",
  heldOutError: "held_out/loss_standard_error",
  kid: "evaluation/kid",
  kidError: "evaluation/kid_standard_error",
  imagesPerSecond: "speed/images_per_second",
  dataWait: "speed/data_wait_share",
  memory: "speed/memory_bytes",
};

/** Series of the metrics of a run's steps. */
export const METRICS_SERIES = MEASURE_TAGS.lr;

const isMissing = (measure: Measure): boolean =>
  !(measure in CHARTS) || CHARTS[measure as keyof typeof CHARTS].spansGaps;

/**
 * The values of a step. What was no number is one that TensorBoard marks as such, and what was not measured is left out.
 * @param of NaN: one of the two
 */
export const measuresWithTags = (of: (measure: Measure) => number): (readonly [tag: string, value: number])[] =>
  (Object.entries(MEASURE_TAGS) as [Measure, string][]).flatMap(([measure, tag]) => {
    const value = of(measure);
    return Number.isNaN(value) && isMissing(measure) ? [] : [[tag, value] as const];
  });

const underscored = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What an evaluation measured. Those of other conditions are other series: `evaluation/efficientnet-lite0-1000-ddim-50/kid`. */
export function evaluationWithTags(evaluation: Evaluation): (readonly [tag: string, value: number])[] {
  const { space, samples, sampler, samplerSteps, eta, guidance, weights, clip } = evaluation;
  const parts = [space, samples, sampler, samplerSteps];
  if (eta !== null) parts.push("eta", eta);
  if (guidance !== undefined) parts.push("guidance", guidance.scale);
  if (guidance !== undefined && !isEverywhere(guidance)) parts.push("from", guidance.from, "to", guidance.to);
  if (evaluation.classes !== undefined) parts.push("classes", ...evaluation.classes);
  if (weights === "raw") parts.push(weights);
  if (clip === false) parts.push("unclipped");
  const group = `evaluation/${parts.join("-").replaceAll("/", "_")}`;
  return Object.entries(EVALUATION_MEASURES).flatMap(([name, of]) => {
    const value = of(evaluation);
    return value === null ? [] : [[`${group}/${underscored(name)}`, value] as const];
  });
}

/** @param variant how the picture was drawn; "": by the run itself; @param page null: it is the only one */
export const samplesTag = (variant: string, page: { readonly number: number } | null): string =>
  `samples/${variant || "training"}${page === null ? "" : `/page_${page.number}`}`;
