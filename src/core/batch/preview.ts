/** What a step sees, as pixels for people: the image, what is visible of it, and what is visible with its noise. */
import type { NoiseSchedule } from "../diffusion/schedule.ts";
import type { BatchPlan, BatchPlanner } from "./plan.ts";
import { gatherTokens, gridSize, type TokenShape, tokenElements } from "./tokens.ts";

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

const HATCH_DARK = 120;
const HATCH_LIGHT = 150;
const HATCH_PERIOD = 4;

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
  const everyToken = Int32Array.from({ length: gridSize(shape) ** 2 }, (_, token) => token);
  const everyValue = new Float32Array(area * shape.channels);
  const original = new Uint8Array(count * area * 3);
  const masked = new Uint8Array(original.length);
  const noised = new Uint8Array(original.length);
  for (let i = 0; i < count; i++) {
    const visible = plan.visible.subarray(i * S, (i + 1) * S);
    const flip = plan.flips[i] === 1;
    const source = i * area * shape.channels;
    const target = i * area * 3;
    const image = (all: Uint8Array): Uint8Array => all.subarray(target, target + area * 3);

    gatherTokens(pixels, source, shape, flip, everyToken, everyValue, 0);
    drawTokens(everyValue, everyToken, shape, image(original));

    gatherTokens(pixels, source, shape, flip, visible, values, 0);
    drawHatch(shape.imageSize, image(masked));
    drawTokens(values, visible, shape, image(masked));

    planner.fillNoise(plan.step, i, visible, tokenElements(shape), noise, 0);
    addNoise(values, noise, schedule.alphasCumprod[plan.timesteps[i]!]!);
    drawHatch(shape.imageSize, image(noised));
    drawTokens(values, visible, shape, image(noised));
  }
  return { count, original, masked, noised };
}

/** x_t = sqrt(ᾱ_t) x0 + sqrt(1-ᾱ_t) ε (method section 3), in place. */
function addNoise(x0: Float32Array, epsilon: Float32Array, alphaCumprod: number): void {
  const signal = Math.sqrt(alphaCumprod);
  const noise = Math.sqrt(1 - alphaCumprod);
  for (let i = 0; i < x0.length; i++) x0[i] = signal * x0[i]! + noise * epsilon[i]!;
}

/** Grey stripes: a flat grey could be a patch of the image. */
function drawHatch(size: number, out: Uint8Array): void {
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const start = (y * size + x) * 3;
      out.fill((x + y) % HATCH_PERIOD === 0 ? HATCH_LIGHT : HATCH_DARK, start, start + 3);
    }
  }
}

/**
 * Puts tokens in their places.
 * @param values [n, p·p·C] in [-1, 1], (p1, p2, C) order
 * @param tokens [n] token indices
 * @param out uint8 [H, W, 3]
 */
function drawTokens(values: Float32Array, tokens: Int32Array, shape: TokenShape, out: Uint8Array): void {
  const { imageSize: size, channels: C, patchSize: p } = shape;
  const g = gridSize(shape);
  let v = 0;
  for (const token of tokens) {
    const top = Math.floor(token / g) * p;
    const left = (token % g) * p;
    for (let y = 0; y < p; y++) {
      for (let x = 0; x < p; x++, v += C) {
        const pixel = ((top + y) * size + left + x) * 3;
        for (let c = 0; c < 3; c++) out[pixel + c] = toByte(values[v + Math.min(c, C - 1)]!);
      }
    }
  }
}

function toByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round((value + 1) * 127.5)));
}
