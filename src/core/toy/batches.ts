/** Batches of points: planned, masked and noised as those of images are. */
import { assembleTokens, type TrainingBatch } from "../batch/assemble.ts";
import { BatchPlanner } from "../batch/plan.ts";
import { noiseSchedule } from "../diffusion/schedule.ts";
import type { Experiment } from "../experiment/schema.ts";
import { maskGeometry } from "../masks/masks.ts";
import { maskPieces } from "../masks/schedule.ts";
import type { Stage } from "../random/streams.ts";
import { TOY_IMAGE } from "./experiment.ts";

const UNLABELLED = new Int32Array(0);

/**
 * @param points that are trained on, [n, 2]
 * @returns the batch of a step, counted from 0
 */
export function toyBatches(
  experiment: Experiment,
  stage: Stage,
  points: Float32Array,
): (step: number) => TrainingBatch {
  const { seed, mask, diffusion } = experiment;
  const { batch_size: batchSize, steps } = experiment[stage];
  const masks = maskPieces(mask, stage, steps).map(({ until, config }) => ({
    until,
    geometry: maskGeometry(config, TOY_IMAGE.imageSize, TOY_IMAGE.imageHeight),
  }));
  const datasetSize = points.length / 2;
  const planner = new BatchPlanner({
    seed,
    stage,
    batchSize,
    datasetSize,
    diffusion,
    masks,
    hflip: 0,
    labelDropout: 0,
  });
  const schedule = noiseSchedule(diffusion);
  const context = { planner, shape: TOY_IMAGE, diffusion, schedule, numClasses: 0, dropsHidden: true };
  return (step) => {
    const plan = planner.plan(step);
    const gather = (b: number, fed: Int32Array, x0: Float32Array): void => {
      fed.forEach((token, i) => {
        x0[i] = points[2 * plan.indices[b]! + token]!;
      });
    };
    return assembleTokens(context, plan, gather, UNLABELLED);
  };
}
