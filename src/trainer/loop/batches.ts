/** Where a training loop's batches come from: plan, pixels, noise. */
import {
  type AssembleContext,
  assembleBatch,
  type BatchBuffers,
  type TrainingBatch,
} from "../../core/batch/assemble.ts";
import { batchContext } from "../../core/batch/context.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import type { MaskGeometry } from "../../core/masks/masks.ts";
import type { Stage } from "../../core/random/streams.ts";
import type { Dataset } from "../data/dataset.ts";

export class BatchSource {
  private readonly context: AssembleContext;
  private readonly pixels: Uint8Array;
  private readonly unused: BatchBuffers[] = [];

  constructor(
    experiment: Experiment,
    stage: Stage,
    private readonly dataset: Dataset,
  ) {
    this.context = batchContext(experiment, stage, dataset.count);
    this.pixels = new Uint8Array(experiment[stage].batch_size * dataset.imageBytes);
  }

  /** What the mask of a step, counted from 0, comes to. */
  geometry(step: number): MaskGeometry {
    return this.context.planner.geometry(step);
  }

  /** The batch of a step, counted from 0. */
  batch(step: number): TrainingBatch {
    const plan = this.context.planner.plan(step);
    this.dataset.readInto(plan.indices, this.pixels);
    const labels = Int32Array.from(plan.indices, (index) => this.dataset.images[index]!.label);
    return assembleBatch(this.context, plan, this.pixels, labels, this.unused.pop());
  }

  /** Takes back the large arrays of a batch that is done with, for a later one. */
  giveBack(buffers: BatchBuffers): void {
    this.unused.push(buffers);
  }
}
