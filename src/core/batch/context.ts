/** From an experiment to what plans and assembles its batches: training, `maskdm preview` and the designer all start here. */
import { noiseSchedule } from "../diffusion/schedule.ts";
import type { Experiment } from "../experiment/schema.ts";
import { maskGeometry } from "../masks/masks.ts";
import { maskPieces, type StageMask } from "../masks/schedule.ts";
import type { Stage } from "../random/streams.ts";
import type { AssembleContext } from "./assemble.ts";
import type { ImageOrder } from "./order.ts";
import { BatchPlanner } from "./plan.ts";

/**
 * Masks of a stage, piece by piece: as configured in pretraining, none in finetuning.
 * @throws RangeError where one does not fit the grid
 */
export function stageMasks(experiment: Experiment, stage: Stage): StageMask[] {
  const { mask, data, model } = experiment;
  const grid = data.image_size / model.patch_size;
  const pieces = maskPieces(mask, stage, experiment[stage].steps);
  return pieces.map((piece) => ({ ...piece, geometry: maskGeometry(piece.config, grid) }));
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
    diffusion,
    masks: stageMasks(experiment, stage),
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
