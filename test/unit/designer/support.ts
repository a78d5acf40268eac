import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import type { Experiment } from "../../../src/core/experiment/schema.ts";
import type { Dataset } from "../../../src/trainer/data/dataset.ts";

/** The experiment of a text that is known to be right. */
export function experimentOf(text: string): Experiment {
  const parsed = parseExperiment(text);
  if (!parsed.ok) throw new Error(parsed.diagnostics.map(({ message }) => message).join("\n"));
  return parsed.experiment;
}

/** A data set in memory: every image another one, no pixel row like its mirror. */
export function imagesInMemory(experiment: Experiment, count: number): Dataset {
  const { image_size: size, channels } = experiment.data;
  const imageBytes = size * size * channels;
  const image = (index: number): Uint8Array =>
    Uint8Array.from({ length: imageBytes }, (_, i) => (Math.imul(i + 1, 2654435761 + 97 * index) >>> 24) & 255);
  return {
    count,
    images: Array.from({ length: count }, (_, i) => ({ path: `${i}.png`, label: 0, className: null })),
    classes: [],
    broken: [],
    notes: [],
    greyHint: null,
    heldOut: { count: 0, images: [], pixelDigests: "", imageBytes: 0, readInto() {} },
    pixelDigests: "",
    imageBytes,
    readInto(indices, out) {
      indices.forEach((index, i) => {
        out.set(image(index), i * imageBytes);
      });
    },
    close() {},
  };
}
