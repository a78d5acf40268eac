/** Memory that a training step takes, predicted from the shapes. */
import type { BackboneShape } from "./flops.ts";

export interface MemoryShape extends BackboneShape {
  readonly numHeads: number;
  /** learned parameters, all tensors together */
  readonly parameters: number;
}

/** Bytes of a training step, by cause. */
export interface MemoryPrediction {
  /** weights, gradients, both AdamW moments and the EMA weights */
  readonly stateBytes: number;
  /** activations kept for the backward pass of one micro-batch, and its scratch space */
  readonly activationBytes: number;
  /** the process itself: runtime, code, data buffers */
  readonly baseBytes: number;
  readonly totalBytes: number;
}

const BASE_BYTES = 300 * 2 ** 20;

/**
 * Predicts the peak resident memory of one training step.
 * Activations: per block and token about (15 + 3r) D floats and 3 n per head; calibrated against measured peaks.
 * @param accumulate whether gradients are added up over micro-batches, which takes another set of them; known from the
 * micro-batch in a run, true when left out
 */
export function predictTrainingMemory(
  shape: MemoryShape,
  visibleTokens: number,
  microBatchSize: number,
  accumulate = true,
): MemoryPrediction {
  const { embedDim: D, depth, mlpRatio, numHeads } = shape;
  const n = visibleTokens + shape.extraTokens;
  const perBlock = n * D * (15 + 3 * mlpRatio) + 3 * numHeads * n * n;
  const skips = Math.floor(depth / 2) * 2 * n * D;
  const activationBytes = 4 * microBatchSize * (depth * perBlock + skips + 4 * n * shape.tokenElements);
  const stateBytes = 4 * (accumulate ? 6 : 5) * shape.parameters;
  return { stateBytes, activationBytes, baseBytes: BASE_BYTES, totalBytes: stateBytes + activationBytes + BASE_BYTES };
}
