import type { Experiment } from "../experiment/schema.ts";

/** Images per call of the network; more gain little and take memory. */
const MOST_IMAGES = 16;
/** Values of the images of a batch, of which a sampler holds several sets: 32 MiB each. */
const MOST_VALUES = 2 ** 23;

/** Whole images per call of the network, where images are drawn or measured. */
export function drawingBatch({ data }: Pick<Experiment, "data">): number {
  return Math.max(1, Math.min(MOST_IMAGES, Math.floor(MOST_VALUES / (data.image_size ** 2 * data.channels))));
}
