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

export interface MicroBatchWish {
  readonly batchSize: number;
  /** micro_batch_size of the stage */
  readonly wanted: number | "auto";
  /** what the whole process may take */
  readonly budgetBytes: number;
}

/**
 * For each piece of a stage: the micro-batch that the file asks for, or the largest divisor of the batch whose predicted memory stays
 * within the budget, 1 if none does. What is chosen depends on the arguments alone, so a resume chooses the same.
 * @param visibleTokens S of each piece
 */
export function chooseMicroBatches(
  profile: MemoryProfile,
  shape: ModelShape,
  visibleTokens: readonly number[],
  { batchSize, wanted, budgetBytes }: MicroBatchWish,
): MicroBatchChoice[] {
  const choose = (S: number, accumulates: boolean): MicroBatchChoice => {
    for (let size = wanted === "auto" ? batchSize : Math.min(wanted, batchSize); ; size--) {
      if (wanted === "auto" && batchSize % size !== 0) continue;
      const isLeast = wanted !== "auto" || size === 1;
      const { totalBytes } = predictTrainingMemory(profile, shape, S, size, accumulates || size < batchSize);
      const fits = totalBytes <= budgetBytes;
      if (fits || isLeast) return { microBatchSize: size, predictedBytes: totalBytes, fits };
    }
  };
  const choices = visibleTokens.map((S) => choose(S, false));
  // What one piece needs for adding gradients up, the engine has in all of them.
  const accumulates = choices.some(({ microBatchSize }) => microBatchSize < batchSize);
  return accumulates ? visibleTokens.map((S) => choose(S, true)) : choices;
}
