/** What a stage of an experiment comes to: tokens, work and memory of a step. */
import type { Experiment } from "../experiment/schema.ts";
import { maskPieces, onGrid, type StageMask } from "../masks/schedule.ts";
import { isBuildable } from "../model/backbones.ts";
import { modelShape } from "../model/shape.ts";
import type { Stage } from "../random/streams.ts";
import { imageCost } from "./imageCost.ts";
import { memoryProfile } from "./memory.ts";
import { chooseMicroBatches, memoryBudget } from "./microBatch.ts";

/** Steps with one mask: what each of them comes to. */
export interface PieceFacts extends StageMask {
  /** visible tokens of a step, B·S */
  readonly tokensPerBatch: number;
  /** matrix-product operations of a step, forward and backward */
  readonly flopsPerStep: number;
  /** work of a step over that of the same batch without a mask */
  readonly relativeCost: number;
  /** images at a time */
  readonly microBatchSize: number;
  /** predicted memory of a step, in bytes */
  readonly memoryBytes: number;
}

export interface StageFacts {
  /** in the order of their steps, at least one */
  readonly pieces: readonly PieceFacts[];
  /** B, images of a step */
  readonly batchSize: number;
  /** learned parameters */
  readonly parameters: number;
  /** predicted memory of the step that takes most, in bytes */
  readonly memoryBytes: number;
  /** whether it stays within what a step may plan with; null where the machine's memory is not known */
  readonly fits: boolean | null;
}

/**
 * @param machineBytes memory of the machine; null: not known, and automatic micro-batches are as large as they may be
 * @returns null where patches do not divide the image or heads the width, or the mask does not fit the grid
 */
export function stageFacts(experiment: Experiment, stage: Stage, machineBytes: number | null): StageFacts | null {
  const { data, model, engine, mask } = experiment;
  const { batch_size: batchSize, micro_batch_size: wanted, steps } = experiment[stage];
  if (data.image_size % model.patch_size !== 0) return null;
  const masks = onGrid(maskPieces(mask, stage, steps), data.image_size / model.patch_size);
  const shape = modelShape(experiment);
  if (masks === null || !isBuildable(shape)) return null;
  const budgetBytes =
    machineBytes === null && engine.memory_gb === "auto"
      ? Number.POSITIVE_INFINITY
      : memoryBudget(engine.memory_gb, machineBytes ?? Number.POSITIVE_INFINITY);
  const choices = chooseMicroBatches(
    memoryProfile(engine.backend),
    shape,
    masks.map(({ geometry }) => geometry.visibleTokens),
    { batchSize, wanted, budgetBytes },
  );
  const pieces = masks.map((piece, i) => {
    const { visibleTokens: S, tokens: N } = piece.geometry;
    const { trainingFlops } = imageCost(shape, S);
    return {
      ...piece,
      tokensPerBatch: batchSize * S,
      flopsPerStep: batchSize * trainingFlops,
      relativeCost: trainingFlops / imageCost(shape, N).trainingFlops,
      microBatchSize: choices[i]!.microBatchSize,
      memoryBytes: choices[i]!.predictedBytes,
    };
  });
  const memoryBytes = Math.max(...pieces.map((piece) => piece.memoryBytes));
  return {
    pieces,
    batchSize,
    parameters: imageCost(shape, masks[0]!.geometry.visibleTokens).parameters,
    memoryBytes,
    fits: Number.isFinite(budgetBytes) ? memoryBytes <= budgetBytes : null,
  };
}
