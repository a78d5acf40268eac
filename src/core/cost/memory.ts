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

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** The process, and what products and attention take while they work (native/kernels/product.h). */
const NATIVE_BASE_BYTES = 125 * MIB;

/** Kinds of engine whose memory differs. */
export type MemoryProfile = "native" | "onnx";

/** The profile of a backend: an experiment's choice or a backend's own name; `auto` is the native one wherever that was built. */
export const memoryProfile = (backend: string): MemoryProfile =>
  backend === "native" || backend === "auto" ? "native" : "onnx";

interface Profile {
  /** the process itself */
  readonly baseBytes: number;
  /** whether gradients of further micro-batches take a set of their own */
  readonly accumulatesApart: boolean;
  /** floats of one image of n tokens */
  activations(shape: MemoryShape, n: number): number;
  /** bytes that become resident for so many bytes of activations */
  resident(bytes: number): number;
}

/** Blocks of 1, 2, 4, … MiB, the last one of 1 GiB: from there on ONNX Runtime's arena grows by 1 GiB each time. */
const DOUBLING_BLOCKS = 2047 * MIB;

const PROFILES: Readonly<Record<MemoryProfile, Profile>> = {
  // What the plan of the arena comes to (native/storage.ts): each block keeps both residual streams, q, k, v, the attended values
  // and the MLP's first layer; each skip connection keeps what it joins.
  native: {
    baseBytes: NATIVE_BASE_BYTES,
    accumulatesApart: false,
    activations: ({ embedDim: D, depth, mlpRatio: r, numHeads, tokenElements: e }, n) => {
      const blocks = blockCount(depth);
      const kept = (6 + r) * blocks + 2 * Math.floor(depth / 2) + 2 * r + 1.2;
      return n * (D * kept + blocks * (numHeads + 4) + 3 * e);
    },
    resident: (bytes) => bytes,
  },
  // Each block keeps both residual streams, q, k, v, the attended values, both factors of the MLP's gate and the attention's
  // weights; each skip connection keeps what it joins; one gate's gradient is under way.
  onnx: {
    baseBytes: 160 * MIB,
    accumulatesApart: true,
    activations: ({ embedDim: D, depth, mlpRatio: r, numHeads, tokenElements: e }, n) => {
      const blocks = blockCount(depth);
      const kept = (6 + 2 * r) * blocks + 2 * Math.floor(depth / 2) + 3 * r + 1;
      return n * (D * kept + blocks * numHeads * n + 4 * e);
    },
    // Peaks of `maskdm bench` (test/unit/cost) are some percent above what is needed; blocks of 1 GiB that were added soon fill up.
    resident: (bytes) => {
      const needed = 1.08 * bytes;
      if (needed <= DOUBLING_BLOCKS) return needed;
      return DOUBLING_BLOCKS + GIB * Math.ceil((needed - DOUBLING_BLOCKS) / GIB);
    },
  },
};

/**
 * Predicts the peak resident memory of one training step.
 * @param profile of the backend; others than the two are held to take what onnx takes
 * @param accumulate whether gradients are added up over micro-batches
 */
export function predictTrainingMemory(
  profile: MemoryProfile,
  shape: MemoryShape,
  visibleTokens: number,
  microBatchSize: number,
  accumulate = true,
): MemoryPrediction {
  const { baseBytes, accumulatesApart, activations, resident } = PROFILES[profile];
  const activationBytes = resident(4 * microBatchSize * activations(shape, visibleTokens + shape.extraTokens));
  const copies = 5 + (accumulate && accumulatesApart ? 1 : 0);
  const stateBytes = 4 * copies * shape.parameters;
  return { stateBytes, activationBytes, baseBytes, totalBytes: stateBytes + activationBytes + baseBytes };
}
