/** How long each thing takes that a stage does, and what is left of it at a step. */
import { drawingBatch } from "../diffusion/drawingBatch.ts";
import { passesPerImage } from "../diffusion/guidance.ts";
import { MOST_COMPARED } from "../evaluation/references.ts";
import type { Experiment } from "../experiment/schema.ts";
import { sumOverSteps } from "../masks/schedule.ts";
import { modelShape, tokenCount } from "../model/shape.ts";
import type { Stage } from "../random/streams.ts";
import { heldOutPassCount } from "../training/heldOutLoss.ts";
import { imageCost } from "./imageCost.ts";
import { networkKey, type Rate, rateOf, type SpeedPoint, stepWork } from "./speed.ts";
import { EVENTS, eventsLeft, type StageEvent } from "./stageEvents.ts";
import type { PieceFacts, StageFacts } from "./stageFacts.ts";

/** Bytes of a checkpoint for each parameter: weights, their average and both moments of AdamW, in float32. */
export const CHECKPOINT_BYTES = 16;

/** Checked, written and flushed to the disk: of the order of what `npm run bench:forecast` has seen. */
const CHECKPOINT_BYTES_PER_SECOND = 300e6;

/**
 * Of an evaluation for each pair of images whose features are compared: 926 training images with 200 and 800 samples take `maskdm evaluate`
 * some 6 and 10 s of a processor. Features of the training images are computed once and kept; the first time is not counted.
 */
const PAIR_SECONDS = 6e-6;

export interface PieceTime extends PieceFacts {
  readonly secondsPerStep: number;
  readonly rate: Rate;
}

export interface StageTimes {
  /** in the order of their steps */
  readonly pieces: readonly PieceTime[];
  /** seconds of one of each kind */
  readonly each: Readonly<Record<StageEvent, number>>;
}

/**
 * Matrix-product operations of the network for one of each kind.
 * @param images of the data set, those that are held out included; null: not known, and as many are held out as are measured at most
 */
export function eventFlops(
  experiment: Experiment,
  stage: Stage,
  images: number | null,
): Readonly<Record<StageEvent, number>> {
  const { sample, data } = experiment;
  const shape = modelShape(experiment);
  const { forwardFlops } = imageCost(shape, tokenCount(shape));
  const perSample = passesPerImage(experiment) * forwardFlops;
  const heldOut = images === null ? Number.POSITIVE_INFINITY : Math.round(images * data.holdout);
  return {
    checkpoints: 0,
    sampleGrids: sample.count * perSample,
    heldOut: heldOutPassCount(heldOut) * forwardFlops,
    evaluations: experiment[stage].evaluate_samples * perSample,
  };
}

function measuringSeconds(samples: number, images: number | null): number {
  const compared = Math.min(images ?? MOST_COMPARED, MOST_COMPARED);
  return PAIR_SECONDS * compared * (compared + samples);
}

/** @param points of this machine, at least one */
export function stageTimes(
  experiment: Experiment,
  stage: Stage,
  { facts, images }: { readonly facts: StageFacts; readonly images: number | null },
  points: readonly SpeedPoint[],
): StageTimes {
  const { parameters } = facts;
  const network = networkKey(experiment);
  const rateAt = (visibleTokens: number, microBatchSize: number): Rate =>
    rateOf(points, { network, parameters, visibleTokens, microBatchSize });
  const flops = eventFlops(experiment, stage, images);
  const wholeImages = rateAt(tokenCount(modelShape(experiment)), drawingBatch(experiment)).workPerSecond;
  return {
    pieces: facts.pieces.map((piece) => {
      const rate = rateAt(piece.geometry.visibleTokens, piece.microBatchSize);
      return { ...piece, rate, secondsPerStep: stepWork({ parameters, ...piece }) / rate.workPerSecond };
    }),
    each: {
      checkpoints: (CHECKPOINT_BYTES * parameters) / CHECKPOINT_BYTES_PER_SECOND,
      sampleGrids: flops.sampleGrids / wholeImages,
      heldOut: flops.heldOut / wholeImages,
      evaluations: flops.evaluations / wholeImages + measuringSeconds(experiment[stage].evaluate_samples, images),
    },
  };
}

/** Seconds by what they are for. */
export type TimeParts = { readonly [K in "steps" | StageEvent]: number };

/** What is left of a stage when a number of steps is done. */
export function timeLeft({ pieces, each }: StageTimes, experiment: Experiment, stage: Stage, step: number): TimeParts {
  const events = eventsLeft(experiment, stage, step);
  const ofEvents = Object.fromEntries(EVENTS.map((kind) => [kind, events[kind] * each[kind]]));
  return {
    steps: sumOverSteps(pieces, step, experiment[stage].steps, ({ secondsPerStep }) => secondsPerStep),
    ...(ofEvents as Record<StageEvent, number>),
  };
}

export const totalOf = (parts: Readonly<Record<string, number>>): number =>
  Object.values(parts).reduce((sum, seconds) => sum + seconds, 0);

/** Whether the very configurations of all steps were measured. */
export const basisOf = ({ pieces }: StageTimes): Rate["basis"] =>
  pieces.every(({ rate }) => rate.basis === "same") ? "same" : "scaled";
