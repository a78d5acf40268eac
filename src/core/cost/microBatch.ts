/** How many images of a batch go through the network at once. */
import type { ModelShape } from "../model/shape.ts";
import { type MemoryProfile, predictTrainingMemory } from "./memory.ts";

/** Automatic micro-batches plan with half the memory that the process may use, and never with more than this. */
const AUTO_BUDGET_BYTES = 5 * 2 ** 30;

/** TensorFlow.js on WebAssembly has a heap of 4 GiB, of which a step may plan with this much. */
export const WASM_BUDGET_BYTES = 2.5 * 2 ** 30;

/**
 * Memory that a training step may plan with, in bytes.
 * @param wanted engine.memory_gb
 * @param machineBytes memory of the machine that the process may use
 */
export function memoryBudget(wanted: number | "auto", machineBytes: number): number {
  return wanted === "auto" ? Math.min(AUTO_BUDGET_BYTES, machineBytes / 2) : wanted * 2 ** 30;
}

export interface MicroBatchChoice {
  readonly microBatchSize: number;
  readonly predictedBytes: number;
  /** false where even one image is predicted to take more than the budget */
  readonly fits: boolean;
}

/**
 * The largest divisor of the batch whose predicted memory stays within the budget; 1 if none does.
 * @param budgetBytes what the whole process may take
 */
export function chooseMicroBatch(
  profile: MemoryProfile,
  shape: ModelShape,
  visibleTokens: number,
  batchSize: number,
  budgetBytes: number,
): MicroBatchChoice {
  for (let size = batchSize; size >= 1; size--) {
    if (batchSize % size !== 0) continue;
    const { totalBytes } = predictTrainingMemory(profile, shape, visibleTokens, size, size < batchSize);
    if (totalBytes <= budgetBytes || size === 1) {
      return { microBatchSize: size, predictedBytes: totalBytes, fits: totalBytes <= budgetBytes };
    }
  }
  throw new RangeError("a batch holds at least one image");
}
