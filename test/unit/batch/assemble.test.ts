import { describe, expect, it } from "vitest";
import { type AssembleContext, assembleBatch } from "../../../src/core/batch/assemble.ts";
import type { BatchPlan } from "../../../src/core/batch/plan.ts";
import { tokenElements, toPatchEmbedOrder } from "../../../src/core/batch/tokens.ts";
import { betaSchedule } from "../../../src/core/diffusion/betas.ts";
import { lossWeight } from "../../../src/core/diffusion/objective.ts";
import { noiseSchedule } from "../../../src/core/diffusion/schedule.ts";
import type { DiffusionConfig } from "../../../src/core/experiment/schema.ts";
import { maskGeometry } from "../../../src/core/masks/masks.ts";
import { always, patchMask, planner } from "./planner.ts";

const shape = { imageSize: 8, channels: 3 as const, patchSize: 2 };
const B = 8;
const imageValues = 8 * 8 * 3;
const e = tokenElements(shape);
const pixels = Uint8Array.from({ length: B * imageValues }, (_, i) => (i * 89 + (i >> 4)) % 256);
const labels = Int32Array.from({ length: B }, (_, i) => i % 3);

function contextOf(diffusion: Partial<DiffusionConfig>, rate: number, numClasses = 0): AssembleContext {
  const full: DiffusionConfig = {
    process: "ddpm",
    timesteps: 1000,
    timestep_distribution: "uniform",
    logit_mean: 0,
    logit_std: 1,
    schedule: "cosine",
    prediction: "epsilon",
    loss_weighting: "uniform",
    min_snr_gamma: 5,
    ...diffusion,
  };
  return {
    planner: planner({ batchSize: B, masks: always(maskGeometry(patchMask(rate), 4)), labelDropout: 0.5 }),
    shape,
    diffusion: full,
    schedule: noiseSchedule(full),
    numClasses,
    dropsHidden: true,
  };
}

function assemble(diffusion: Partial<DiffusionConfig>, rate: number, step = 6, numClasses = 0) {
  const context = contextOf(diffusion, rate, numClasses);
  const plan = context.planner.plan(step);
  return { context, plan, batch: assembleBatch(context, plan, pixels, labels) };
}

/** x0 of one value by its definition: the mirrored pixel, scaled to [-1, 1]. */
function cleanValue(plan: BatchPlan, b: number, token: number, element: number): number {
  const y = Math.floor(token / 4) * 2 + Math.floor(element / 6);
  const x = (token % 4) * 2 + (Math.floor(element / 3) % 2);
  const column = plan.flips[b] === 1 ? 7 - x : x;
  return pixels[b * imageValues + (y * 8 + column) * 3 + (element % 3)]! / 127.5 - 1;
}

describe("an assembled batch", () => {
  it.each([
    ["epsilon", "uniform", "ddpm"],
    ["epsilon", "min_snr", "ddpm"],
    ["x0", "min_snr", "ddpm"],
    ["v", "uniform", "ddpm"],
    ["v", "min_snr", "ddpm"],
    ["x0", "velocity", "ddpm"],
    ["x0", "velocity", "flow"],
    ["epsilon", "velocity", "flow"],
    ["v", "uniform", "flow"],
    ["v", "min_snr", "flow"],
  ] as const)("%s, %s, %s: x_t, target and weight follow their equations", (prediction, loss_weighting, process) => {
    const { context, plan, batch } = assemble({ prediction, loss_weighting, process }, 0.75);
    const S = plan.visible.length / B;
    expect(batch).toMatchObject({ batchSize: B, visibleTokens: 4, labels: null });
    expect(new Set(plan.flips).size).toBe(2);
    const noised = new Float32Array(B * S * e);
    const target = new Float32Array(B * S * e);
    for (let b = 0; b < B; b++) {
      const t = plan.timesteps[b]!;
      const alpha = betaSchedule(context.diffusion).alphasCumprod[t]!;
      const straight = (t + 1) / 1000;
      const [signal, noise] = process === "ddpm" ? [Math.sqrt(alpha), Math.sqrt(1 - alpha)] : [1 - straight, straight];
      const visible = plan.visible.subarray(b * S, (b + 1) * S);
      const epsilon = new Float32Array(S * e);
      context.planner.fillNoise(plan.step, b, visible, e, epsilon, 0);
      for (let i = 0; i < S * e; i++) {
        const x0 = cleanValue(plan, b, visible[Math.floor(i / e)]!, i % e);
        noised[b * S * e + i] = signal * x0 + noise * epsilon[i]!;
        const wanted = {
          epsilon: epsilon[i]!,
          x0,
          v: process === "ddpm" ? signal * epsilon[i]! - noise * x0 : x0 - epsilon[i]!,
        };
        target[b * S * e + i] = wanted[prediction];
      }
      expect(batch.weight[b]).toBe(Math.fround(lossWeight(context.diffusion, { signal, noise })));
    }
    expectClose(batch.tokens, toPatchEmbedOrder(noised, shape));
    expectClose(batch.target, target);
    expect([...batch.visible]).toEqual([...plan.visible]);
    expect([...batch.timesteps]).toEqual([...plan.timesteps]);
  });

  it("masked and whole batches are one code path: a masked batch holds the visible rows of the whole one", () => {
    const whole = assemble({ prediction: "v" }, 0);
    const masked = assemble({ prediction: "v" }, 0.75);
    const S = masked.batch.visibleTokens;
    expect(whole.batch.visibleTokens).toBe(16);
    for (let b = 0; b < B; b++) {
      for (let s = 0; s < S; s++) {
        const token = masked.plan.visible[b * S + s]!;
        const [here, there] = [(b * S + s) * e, (b * 16 + token) * e];
        for (const key of ["tokens", "target"] as const) {
          expect([...masked.batch[key].subarray(here, here + e)]).toEqual([
            ...whole.batch[key].subarray(there, there + e),
          ]);
        }
      }
    }
  });

  it("where hidden tokens are not dropped is a whole one, with the mask that dropping them has", () => {
    const context = { ...contextOf({ prediction: "v" }, 0.75), dropsHidden: false };
    const all = assembleBatch(context, context.planner.plan(6), pixels, labels);
    const [whole, masked] = [assemble({ prediction: "v" }, 0).batch, assemble({ prediction: "v" }, 0.75).batch];
    for (const key of ["tokens", "target", "timesteps"] as const) expect(all[key]).toEqual(whole[key]);
    expect(all.visible).toEqual(masked.visible);
    expect(all.visibleTokens).toBe(4);
  });

  it("a dropped label is the number of classes", () => {
    const { plan, batch } = assemble({}, 0.5, 6, 3);
    expect(new Set(plan.droppedLabels).size).toBe(2);
    expect([...batch.labels!]).toEqual([...labels].map((label, b) => (plan.droppedLabels[b] ? 3 : label)));
  });

  it("is the same when assembled again, and the pixels stay as they were", () => {
    const before = pixels.slice();
    const first = assemble({}, 0.75).batch;
    expect(assemble({}, 0.75).batch).toEqual(first);
    expect(pixels).toEqual(before);
  });
});

function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  for (let i = 0; i < actual.length; i++) largest = Math.max(largest, Math.abs(actual[i]! - expected[i]!));
  // float32 values below 8: a rounding of x0 before the sum costs one unit in the last place
  expect(largest).toBeLessThan(1e-6);
}
