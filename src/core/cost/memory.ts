/** Memory that a training step takes, predicted from the shapes. */
import { type BackboneShape, blockCount } from "./flops.ts";

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

const BASE_BYTES = 220 * 2 ** 20;
/** What the runtime keeps besides, in floats per parameter. */
const RUNTIME_SHARE = 1.25;

/**
 * Predicts the peak resident memory of one training step with the onnx backend. The numbers of floats per token and block were
 * fitted to peaks measured with `maskdm bench` (peakMemoryBytes), for models of 3 and 44 million parameters, 8 to 257 tokens and
 * 1 to 128 images; they agree within 12 %.
 * @param accumulate whether gradients are added up over micro-batches, which takes another set of them
 */
export function predictTrainingMemory(
  shape: MemoryShape,
  visibleTokens: number,
  microBatchSize: number,
  accumulate = true,
): MemoryPrediction {
  const { embedDim: D, depth, mlpRatio, numHeads } = shape;
  const n = visibleTokens + shape.extraTokens;
  const perBlock = n * (D * (30 + 5 * mlpRatio) + 1.5 * numHeads * n);
  const activationBytes = 4 * microBatchSize * (blockCount(depth) * perBlock + 4 * n * shape.tokenElements);
  const stateBytes = 4 * ((accumulate ? 6 : 5) + RUNTIME_SHARE) * shape.parameters;
  return { stateBytes, activationBytes, baseBytes: BASE_BYTES, totalBytes: stateBytes + activationBytes + BASE_BYTES };
}
