/** Training steps of tiny models. */
import type { TrainingBatch } from "../../../src/core/batch/assemble.ts";
import { TINY_CASES, type TinyModel } from "./tinyModels.ts";

export const SCALARS = { lr: 0.01, weightDecay: 0.05, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, emaDecay: 0.8 };

export function batchOf({ batchSize, visibleTokens, inputs, visible, timesteps }: TinyModel): TrainingBatch {
  const labels = inputs.get("labels") as Int32Array | undefined;
  return {
    batchSize,
    visibleTokens,
    visible,
    timesteps,
    tokens: inputs.get("tokens") as Float32Array,
    target: inputs.get("target") as Float32Array,
    weight: new Float32Array(batchSize).fill(1),
    labels: labels ?? null,
  };
}

/** Weights of 36 and more parts, so that several threads have a hand in one tensor. */
export const WIDE = {
  ...TINY_CASES[2]!,
  title: "width 192",
  shape: { ...TINY_CASES[2]!.shape, embedDim: 192 },
  batchSize: 4,
};
