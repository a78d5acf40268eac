/** Turns a batch plan and its pixels into what the network is fed: the one code path of DSM and MDSM (method section 3). */

import { lossWeight, targetCoefficients } from "../diffusion/objective.ts";
import type { Mix, NoiseLevel, NoiseSchedule } from "../diffusion/schedule.ts";
import type { DiffusionConfig } from "../experiment/schema.ts";
import { imageElements } from "../images/imageElements.ts";
import type { BatchPlan, BatchPlanner } from "./plan.ts";
import { gatherTokens, type TokenShape, tokenElements } from "./tokens.ts";

/** One batch, ready for the engine. B images with S visible tokens and F fed ones, of e = p·p·C values. */
export interface TrainingBatch {
  readonly batchSize: number;
  readonly visibleTokens: number;
  /** x_t restricted to the tokens that are fed, [B, F, e] in (C, p1, p2) order */
  readonly tokens: Float32Array;
  /** what the network should give for them, [B, F, e] in (p1, p2, C) order */
  readonly target: Float32Array;
  /** [B] */
  readonly timesteps: Int32Array;
  /** visible token indices, [B, S] */
  readonly visible: Int32Array;
  /** weight of each image's loss, [B]; mean over the batch is left to the engine */
  readonly weight: Float32Array;
  /** class of each image, or the number of classes where it was dropped, [B]; null when unconditional */
  readonly labels: Int32Array | null;
}

export interface AssembleContext {
  readonly planner: BatchPlanner;
  readonly shape: TokenShape;
  readonly diffusion: DiffusionConfig;
  readonly schedule: NoiseSchedule;
  readonly numClasses: number;
  /** whether hidden tokens are absent; otherwise all tokens are fed */
  readonly dropsHidden: boolean;
}

/** Arrays of an earlier batch of the same sizes, to be written over. */
export type BatchBuffers = Pick<TrainingBatch, "tokens" | "target">;

/**
 * Copies an image's tokens that are fed.
 * @param b slot of the image in the batch
 * @param fed token indices, [F]
 * @param x0 receives [F, e] in (p1, p2, C) order
 */
export type GatherFed = (b: number, fed: Int32Array, x0: Float32Array) => void;

type BatchContext = Omit<AssembleContext, "planner"> & { readonly planner: Pick<BatchPlanner, "fillNoise"> };

/**
 * The batch of planned images. Only patches that are fed are ever made floats, and only their noise is drawn.
 * @param pixels uint8 [B, H, W, C], not flipped
 * @param labels class of each planned image, [B]
 * @param buffers taken for the batch where they fit
 */
export function assembleBatch(
  context: BatchContext,
  plan: BatchPlan,
  pixels: Uint8Array,
  labels: Int32Array,
  buffers: BatchBuffers | null = null,
): TrainingBatch {
  const { shape } = context;
  const imageBytes = imageElements(shape);
  const gather: GatherFed = (b, fed, x0) =>
    gatherTokens(pixels, b * imageBytes, shape, plan.flips[b] === 1, fed, x0, 0);
  return assembleTokens(context, plan, gather, labels, buffers);
}

/**
 * The same of images whose values come from anywhere.
 * @param labels class of each planned image, [B]
 * @param buffers taken for the batch where they fit
 */
export function assembleTokens(
  context: BatchContext,
  plan: BatchPlan,
  gather: GatherFed,
  labels: Int32Array,
  buffers: BatchBuffers | null = null,
): TrainingBatch {
  const { planner, shape, diffusion, schedule, numClasses, dropsHidden } = context;
  const batchSize = plan.timesteps.length;
  const S = plan.visible.length / batchSize;
  const elements = tokenElements(shape);
  const N = imageElements(shape) / elements;
  const all = dropsHidden ? null : Int32Array.from({ length: N }, (_, token) => token);
  const perImage = (all?.length ?? S) * elements;
  const total = batchSize * perImage;
  const reused = buffers?.tokens.length === total && buffers.target.length === total ? buffers : null;
  const tokens = reused?.tokens ?? new Float32Array(total);
  const target = reused?.target ?? new Float32Array(total);
  const weight = new Float32Array(batchSize);
  const x0 = new Float32Array(perImage);
  for (let b = 0; b < batchSize; b++) {
    const fed = all ?? plan.visible.subarray(b * S, (b + 1) * S);
    const offset = b * perImage;
    gather(b, fed, x0);
    planner.fillNoise(plan.step, b, fed, elements, target, offset);
    const level = schedule.levels[plan.timesteps[b]!]!;
    weight[b] = lossWeight(diffusion, level);
    mixNoise(x0, level, targetCoefficients(diffusion.prediction, level), shape, tokens, target, offset);
  }
  return {
    batchSize,
    visibleTokens: S,
    tokens,
    target,
    timesteps: plan.timesteps,
    visible: plan.visible,
    weight,
    labels: numClasses > 0 ? labels.map((label, b) => (plan.droppedLabels[b] ? numClasses : label)) : null,
  };
}

/**
 * One image's x_t and target (method section 3) in one pass.
 * @param x0 its tokens that are fed, [F, e] in (p1, p2, C) order
 * @param tokens receives x_t in (C, p1, p2) order, from `offset` on
 * @param target holds ε from `offset` on, in (p1, p2, C) order, which the target takes the place of
 */
function mixNoise(
  x0: Float32Array,
  { signal, noise }: NoiseLevel,
  { x0: ofImage, epsilon: ofNoise }: Mix,
  { channels: C, patchSize: p }: TokenShape,
  tokens: Float32Array,
  target: Float32Array,
  offset: number,
): void {
  const area = p * p;
  let from = 0;
  for (let start = offset; from < x0.length; start += area * C) {
    for (let i = 0; i < area; i++) {
      for (let at = start + i, end = at + area * C; at < end; at += area, from++) {
        const x = x0[from]!;
        const e = target[offset + from]!;
        tokens[at] = signal * x + noise * e;
        target[offset + from] = ofImage * x + ofNoise * e;
      }
    }
  }
}
