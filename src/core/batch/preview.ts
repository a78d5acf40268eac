/** What a step sees, as pixels for people: the image, what is visible of it, and what is visible with its noise. */
import type { NoiseLevel, NoiseSchedule } from "../diffusion/schedule.ts";
import { drawHatch, drawImage, drawTokens, drawVisible, type Picture } from "./picture.ts";
import type { BatchPlan, BatchPlanner } from "./plan.ts";
import { gatherTokens, type TokenShape, tokenElements } from "./tokens.ts";

export interface PreviewContext {
  readonly planner: BatchPlanner;
  readonly shape: TokenShape;
  readonly schedule: NoiseSchedule;
}

/** RGB, uint8 [n, H, W, 3] each. */
export interface BatchPreview {
  readonly count: number;
  /** as the step takes it, so mirrored where the plan says so */
  readonly original: Uint8Array;
  /** hidden patches hatched */
  readonly masked: Uint8Array;
  /** x_t of the visible patches, cut off at black and white; hidden patches hatched */
  readonly noised: Uint8Array;
}

/**
 * Draws the first `count` images of a planned batch. The noised values are those that the step computes.
 * @param pixels uint8 [count, H, W, C] of the planned images, not flipped
 */
export function previewBatch(
  { planner, shape, schedule }: PreviewContext,
  plan: BatchPlan,
  pixels: Uint8Array,
  count: number,
): BatchPreview {
  const area = shape.imageSize * shape.imageSize;
  const S = plan.visible.length / plan.timesteps.length;
  const values = new Float32Array(S * tokenElements(shape));
  const noise = new Float32Array(values.length);
  const original = new Uint8Array(count * area * 3);
  const masked = new Uint8Array(original.length);
  const noised = new Uint8Array(original.length);
  for (let i = 0; i < count; i++) {
    const visible = plan.visible.subarray(i * S, (i + 1) * S);
    const flip = plan.flips[i] === 1;
    const source = i * area * shape.channels;
    const image = (all: Uint8Array): Picture => ({ data: all.subarray(i * area * 3, (i + 1) * area * 3), depth: 3 });

    drawImage(pixels, source, shape, flip, image(original));
    drawVisible(pixels, source, shape, flip, visible, image(masked));

    gatherTokens(pixels, source, shape, flip, visible, values, 0);
    planner.fillNoise(plan.step, i, visible, tokenElements(shape), noise, 0);
    addNoise(values, noise, schedule.levels[plan.timesteps[i]!]!);
    drawHatch(shape.imageSize, image(noised));
    drawTokens(values, visible, shape, image(noised));
  }
  return { count, original, masked, noised };
}

/** x_t = a_t x0 + b_t ε (method section 3), in place. */
export function addNoise(x0: Float32Array, epsilon: Float32Array, { signal, noise }: NoiseLevel): void {
  for (let i = 0; i < x0.length; i++) x0[i] = signal * x0[i]! + noise * epsilon[i]!;
}
