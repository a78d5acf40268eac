/** From an experiment to what plans and assembles its batches: training, `maskdm preview` and the designer all start here. */
import { noiseSchedule } from "../diffusion/schedule.ts";
import type { Experiment } from "../experiment/schema.ts";
import { type MaskGeometry, maskConfig, maskGeometry } from "../masks/masks.ts";
import type { Stage } from "../random/streams.ts";
import type { AssembleContext } from "./assemble.ts";
import type { ImageOrder } from "./order.ts";
import { BatchPlanner } from "./plan.ts";

/**
 * Masks of a stage: as configured in pretraining, none in finetuning.
 * @throws RangeError where the mask does not fit the grid
 */
export function stageMask(experiment: Experiment, stage: Stage): MaskGeometry {
  const { mask, data, model } = experiment;
  return maskGeometry(
    stage === "pretrain" ? maskConfig(mask) : { ...maskConfig(mask), strategy: "none" },
    data.image_size / model.patch_size,
  );
}

/**
 * What turns a step's number into its batch.
 * @param order the shuffled sequence, where one for the same images is at hand
 */
export function batchContext(
  experiment: Experiment,
  stage: Stage,
  datasetSize: number,
  order?: ImageOrder,
): AssembleContext {
  const { data, model, diffusion, seed } = experiment;
  const config = {
    seed,
    stage,
    batchSize: experiment[stage].batch_size,
    datasetSize,
    timesteps: diffusion.timesteps,
    mask: stageMask(experiment, stage),
    hflip: data.hflip,
    labelDropout: model.num_classes > 0 ? model.class_dropout : 0,
  };
  return {
    planner: new BatchPlanner(config, order),
    shape: { imageSize: data.image_size, channels: data.channels, patchSize: model.patch_size },
    diffusion,
    schedule: noiseSchedule(diffusion),
    numClasses: model.num_classes,
    dropsHidden: experiment.mask.mode === "drop",
  };
}
