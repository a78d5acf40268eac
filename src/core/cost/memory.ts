/** Memory that a training step takes, predicted from its graph. */
import { ALL_COMPOSITES, type Composites, NO_COMPOSITES } from "../model/graph/lower.ts";
import type { ModelShape } from "../model/shape.ts";
import { activationBytes as bytesPerImage, imageCost } from "./imageCost.ts";

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
  /** what the backend has as a whole, which decides what a graph for it keeps */
  readonly composites: Composites;
  /** bytes that become resident for so many bytes of activations */
  resident(bytes: number): number;
}

/** Blocks of 1, 2, 4, … MiB, the last one of 1 GiB: from there on ONNX Runtime's arena grows by 1 GiB each time. */
const DOUBLING_BLOCKS = 2047 * MIB;

const PROFILES: Readonly<Record<MemoryProfile, Profile>> = {
  native: {
    baseBytes: NATIVE_BASE_BYTES,
    accumulatesApart: false,
    composites: ALL_COMPOSITES,
    resident: (bytes) => bytes,
  },
  onnx: {
    baseBytes: 160 * MIB,
    accumulatesApart: true,
    composites: NO_COMPOSITES,
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
 * @throws RangeError for a shape that cannot be built
 */
export function predictTrainingMemory(
  profile: MemoryProfile,
  shape: ModelShape,
  visibleTokens: number,
  microBatchSize: number,
  accumulate = true,
): MemoryPrediction {
  const { baseBytes, accumulatesApart, composites, resident } = PROFILES[profile];
  const activationBytes = resident(microBatchSize * bytesPerImage(shape, visibleTokens, composites));
  const copies = 5 + (accumulate && accumulatesApart ? 1 : 0);
  const stateBytes = 4 * copies * imageCost(shape, visibleTokens).parameters;
  return { stateBytes, activationBytes, baseBytes, totalBytes: stateBytes + activationBytes + baseBytes };
}
