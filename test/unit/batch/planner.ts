import { type BatchPlanConfig, BatchPlanner } from "../../../src/core/batch/plan.ts";
import type { TimestepConfig } from "../../../src/core/diffusion/drawTimestep.ts";
import { type MaskConfig, type MaskGeometry, maskGeometry } from "../../../src/core/masks/masks.ts";

export const patchMask = (rate: number): MaskConfig => ({
  strategy: "patch",
  rate,
  blockSize: 1,
  cellSize: 2,
  cropSize: null,
});

/** One mask for all steps. */
export const always = (geometry: MaskGeometry) => [{ until: Number.POSITIVE_INFINITY, geometry }];

/** Timesteps as they are drawn where a file does not say otherwise. */
export const UNIFORM: TimestepConfig = {
  timesteps: 1000,
  timestep_distribution: "uniform",
  logit_mean: 0,
  logit_std: 1,
};

/** A planner over a small data set; `change` overrides its configuration. */
export function planner(change: Partial<BatchPlanConfig> = {}): BatchPlanner {
  return new BatchPlanner({
    seed: 1,
    stage: "pretrain",
    batchSize: 8,
    datasetSize: 100,
    diffusion: UNIFORM,
    masks: always(maskGeometry(patchMask(0.75), 4)),
    hflip: 0.5,
    labelDropout: 0.1,
    ...change,
  });
}
