/** Where a training loop's batches come from: plan, pixels, noise. */
import { type AssembleContext, assembleBatch, type TrainingBatch } from "../../core/batch/assemble.ts";
import { BatchPlanner } from "../../core/batch/plan.ts";
import { noiseSchedule } from "../../core/diffusion/schedule.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { type MaskGeometry, maskGeometry } from "../../core/masks/masks.ts";
import type { Stage } from "../../core/random/streams.ts";
import type { Dataset } from "../data/dataset.ts";

/** Masks of a stage: as configured in pretraining, none in finetuning. */
export function stageMask(experiment: Experiment, stage: Stage): MaskGeometry {
  const { mask, data, model } = experiment;
  return maskGeometry(
    {
      strategy: stage === "pretrain" ? mask.strategy : "none",
      rate: mask.rate,
      blockSize: mask.block_size,
      cropSize: mask.crop_size,
    },
    data.image_size / model.patch_size,
  );
}

/** What turns a step's number into its batch; `maskdm preview` uses it too, and so shows what training takes in. */
export function batchContext(experiment: Experiment, stage: Stage, datasetSize: number): AssembleContext {
  const { data, model, diffusion, seed } = experiment;
  return {
    planner: new BatchPlanner({
      seed,
      stage,
      batchSize: experiment[stage].batch_size,
      datasetSize,
      timesteps: diffusion.timesteps,
      mask: stageMask(experiment, stage),
      hflip: data.hflip,
      labelDropout: model.num_classes > 0 ? model.class_dropout : 0,
    }),
    shape: { imageSize: data.image_size, channels: data.channels, patchSize: model.patch_size },
    diffusion,
    schedule: noiseSchedule(diffusion),
    numClasses: model.num_classes,
  };
}

export class BatchSource {
  readonly mask: MaskGeometry;
  private readonly context: AssembleContext;
  private readonly pixels: Uint8Array;

  constructor(
    experiment: Experiment,
    stage: Stage,
    private readonly dataset: Dataset,
  ) {
    this.context = batchContext(experiment, stage, dataset.count);
    this.mask = this.context.planner.config.mask;
    this.pixels = new Uint8Array(experiment[stage].batch_size * dataset.imageBytes);
  }

  /** The batch of a step, counted from 0. */
  batch(step: number): TrainingBatch {
    const plan = this.context.planner.plan(step);
    this.dataset.readInto(plan.indices, this.pixels);
    const labels = Int32Array.from(plan.indices, (index) => this.dataset.images[index]!.label);
    return assembleBatch(this.context, plan, this.pixels, labels);
  }
}
