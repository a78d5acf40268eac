/** Draws images and writes each page and each single image as soon as it is complete: memory does not grow with their number. */
import type { SampledBatch, SampleStep } from "../../core/diffusion/samplers.ts";
import type { GridPages } from "../../core/run/gridPages.ts";
import { PagedGrid, singlePicture } from "../../core/run/gridPicture.ts";
import { TrajectoryRecorder } from "../../core/run/trajectory.ts";
import type { DrawingFiles, DrawingPlan } from "./drawingFiles.ts";

export interface FilesRequest {
  readonly plan: DrawingPlan;
  readonly files: DrawingFiles;
  /** draws the images, and waits for what is given after every step */
  readonly draw: (onStep: (step: SampleStep) => Promise<void>) => AsyncIterable<SampledBatch>;
  /** throwing ends the drawing; complete files stay */
  readonly onStep: (step: SampleStep) => void;
}

/** @throws UserError where the disk refuses; whatever draw throws */
export async function drawToFiles({ plan, files, draw, onStep }: FilesRequest): Promise<void> {
  const { count, imageSize: size, channels } = plan.drawing;
  const pages = (kind: "grid" | "trajectory", layout: GridPages, pictures: number): PagedGrid => {
    let page = 0;
    return new PagedGrid(layout, pictures, channels, (picture) => files.writePage(kind, page++, picture));
  };
  const grid = pages("grid", plan.grid, count);
  let recorder: TrajectoryRecorder | null = null;
  if (plan.trajectory !== null) {
    const { columns } = plan.trajectory;
    const shape = { count, columns, size, channels };
    recorder = new TrajectoryRecorder(shape, pages("trajectory", plan.trajectory, 2 * count * columns));
  }
  const batches = draw(async (step) => {
    await recorder?.record(step);
    onStep(step);
  });
  for await (const batch of batches) {
    if (files.imagesFolder !== null) {
      for (let i = 0; i < batch.count; i++) {
        await files.writeImage(batch.firstImage + i, singlePicture(batch.images, i, size, channels));
      }
    }
    await grid.add(batch.images, batch.count);
  }
}
