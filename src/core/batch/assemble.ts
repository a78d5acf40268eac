/** Turns a batch plan and its pixels into what the network is fed: the one code path of DSM and MDSM (method section 3). */
import { lossWeight, targetCoefficients } from "../diffusion/objective.ts";
import type { NoiseSchedule } from "../diffusion/schedule.ts";
import type { DiffusionConfig } from "../experiment/schema.ts";
import type { BatchPlan, BatchPlanner } from "./plan.ts";
import { gatherTokens, type TokenShape, tokenElements, toPatchEmbedOrder } from "./tokens.ts";

/** One batch, ready for the engine. B images of S visible tokens of e = p·p·C values. */
export interface TrainingBatch {
  readonly batchSize: number;
  readonly visibleTokens: number;
  /** x_t restricted to the visible tokens, [B, S, e] in (C, p1, p2) order */
  readonly tokens: Float32Array;
  /** what the network should give, [B, S, e] in (p1, p2, C) order */
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
}

/**
 * @param pixels uint8 [B, H, W, C] of the planned images, not flipped
 * @param labels class of each planned image, [B]
 */
export function assembleBatch(
  context: AssembleContext,
  plan: BatchPlan,
  pixels: Uint8Array,
  labels: Int32Array,
): TrainingBatch {
  const { planner, shape, diffusion, schedule, numClasses } = context;
  const batchSize = plan.timesteps.length;
  const S = plan.visible.length / batchSize;
  const elements = tokenElements(shape);
  const perImage = S * elements;
  const imageBytes = shape.imageSize * shape.imageSize * shape.channels;
  const x0 = new Float32Array(batchSize * perImage);
  const epsilon = new Float32Array(batchSize * perImage);
  const weight = new Float32Array(batchSize);
  for (let b = 0; b < batchSize; b++) {
    const visible = plan.visible.subarray(b * S, (b + 1) * S);
    const offset = b * perImage;
    gatherTokens(pixels, b * imageBytes, shape, plan.flips[b] === 1, visible, x0, offset);
    planner.fillNoise(plan.step, b, visible, elements, epsilon, offset);
    const alpha = schedule.alphasCumprod[plan.timesteps[b]!]!;
    weight[b] = lossWeight(diffusion, alpha);
    const signal = Math.sqrt(alpha);
    const noise = Math.sqrt(1 - alpha);
    const target = targetCoefficients(diffusion.prediction, alpha);
    for (let i = offset; i < offset + perImage; i++) {
      const x = x0[i]!;
      const e = epsilon[i]!;
      x0[i] = signal * x + noise * e;
      epsilon[i] = target.x0 * x + target.epsilon * e;
    }
  }
  return {
    batchSize,
    visibleTokens: S,
    tokens: toPatchEmbedOrder(x0, shape),
    target: epsilon,
    timesteps: plan.timesteps,
    visible: plan.visible,
    weight,
    labels: numClasses > 0 ? labels.map((label, b) => (plan.droppedLabels[b] ? numClasses : label)) : null,
  };
}
