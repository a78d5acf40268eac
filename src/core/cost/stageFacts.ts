/** What a stage of an experiment comes to: tokens, work and memory of a step. */
import { stageMask } from "../batch/context.ts";
import type { Experiment } from "../experiment/schema.ts";
import { geometryOf, type MaskGeometry, maskConfig } from "../masks/masks.ts";
import { isBuildable } from "../model/backbones.ts";
import { modelShape } from "../model/shape.ts";
import type { Stage } from "../random/streams.ts";
import { imageCost } from "./imageCost.ts";
import { memoryProfile, predictTrainingMemory } from "./memory.ts";
import { chooseMicroBatch, memoryBudget } from "./microBatch.ts";

export interface StageFacts {
  readonly mask: MaskGeometry;
  /** B, images of a step */
  readonly batchSize: number;
  /** visible tokens of a step, B·S */
  readonly tokensPerBatch: number;
  /** matrix-product operations of a step, forward and backward */
  readonly flopsPerStep: number;
  /** work of a step over that of the same batch without a mask */
  readonly relativeCost: number;
  /** learned parameters */
  readonly parameters: number;
  /** images at a time */
  readonly microBatchSize: number;
  /** predicted memory of a step, in bytes */
  readonly memoryBytes: number;
  /** whether it stays within what a step may plan with; null where the machine's memory is not known */
  readonly fits: boolean | null;
}

/**
 * @param machineBytes memory of the machine; null: not known, and automatic micro-batches are as large as they may be
 * @returns null where patches do not divide the image or heads the width, or the mask does not fit the grid
 */
export function stageFacts(experiment: Experiment, stage: Stage, machineBytes: number | null): StageFacts | null {
  const mask = maskOf(experiment, stage);
  if (mask === null) return null;
  const { engine } = experiment;
  const { batch_size: batchSize, micro_batch_size: wanted } = experiment[stage];
  const shape = modelShape(experiment);
  if (!isBuildable(shape)) return null;
  const cost = imageCost(shape, mask.visibleTokens);
  const profile = memoryProfile(engine.backend);
  const budget =
    machineBytes === null && engine.memory_gb === "auto"
      ? Number.POSITIVE_INFINITY
      : memoryBudget(engine.memory_gb, machineBytes ?? Number.POSITIVE_INFINITY);
  const fixed = wanted === "auto" ? null : Math.min(wanted, batchSize);
  const choice =
    fixed === null
      ? chooseMicroBatch(profile, shape, mask.visibleTokens, batchSize, budget)
      : {
          microBatchSize: fixed,
          predictedBytes: predictTrainingMemory(profile, shape, mask.visibleTokens, fixed, fixed < batchSize)
            .totalBytes,
        };
  return {
    mask,
    batchSize,
    tokensPerBatch: batchSize * mask.visibleTokens,
    flopsPerStep: batchSize * cost.trainingFlops,
    relativeCost: cost.trainingFlops / imageCost(shape, mask.tokens).trainingFlops,
    parameters: cost.parameters,
    microBatchSize: choice.microBatchSize,
    memoryBytes: choice.predictedBytes,
    fits: Number.isFinite(budget) ? choice.predictedBytes <= budget : null,
  };
}

/** The stage's mask, or null where it does not fit the grid. */
function maskOf(experiment: Experiment, stage: Stage): MaskGeometry | null {
  const { data, model, mask } = experiment;
  if (data.image_size % model.patch_size !== 0) return null;
  if (stage === "finetune") return stageMask(experiment, stage);
  return geometryOf(maskConfig(mask), data.image_size / model.patch_size);
}
