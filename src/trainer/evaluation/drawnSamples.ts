/**
 * Samples that are drawn to be measured: kept in the run's folder in pages, each written as a whole, so that an evaluation that was interrupted goes on
 * where it was, and a later one of more samples draws those that are missing.
 */
import { join } from "node:path";
import type { ImageSet } from "../../core/evaluation/showImages.ts";
import type { Drawing } from "../../core/run/drawing.ts";
import { evaluationsFolder } from "../../node/run/evaluations.ts";
import { replaceFile } from "../../node/run/files.ts";
import type { RunNetwork } from "../../node/run/runNetwork.ts";
import { hasImages, keyOf, PAGE, pagedImages, pageFile } from "../../node/run/samplePages.ts";
import { requireWritable } from "../../node/run/writableFolder.ts";
import { EngineClient } from "../engine/client.ts";
import { drawSamples } from "../loop/drawSamples.ts";
import { drawingWith, loadWeights, startDrawing } from "../loop/startDrawing.ts";

export interface DrawnSamples {
  readonly drawing: Drawing;
  readonly images: ImageSet;
  /** name of their folder */
  readonly key: string;
}

/** Draws what is not there yet. @throws UserError where the engine or the disk refuses */
export async function drawnSamples(
  network: RunNetwork,
  { seed, count }: { readonly seed: number; readonly count: number },
  onProgress: (done: number) => void,
): Promise<DrawnSamples> {
  const { experiment, runDir } = network;
  const { image_size: side, channels } = experiment.data;
  const imageBytes = side * side * channels;
  const engine = new EngineClient();
  try {
    const drawing = { ...drawingWith(network, await startDrawing(engine, network), { seed, label: null }), count };
    const key = keyOf(drawing);
    const folder = join(evaluationsFolder(runDir), key);
    requireWritable(folder);
    let loading: Promise<unknown> | null = null;
    for (let first = 0; first < count; first += PAGE) {
      const images = Math.min(PAGE, count - first);
      const file = pageFile(folder, first);
      if (!hasImages(file, images * imageBytes)) {
        loading ??= loadWeights(engine, network);
        await loading;
        const page = new Uint8ClampedArray(images * imageBytes);
        const request = { sample: { ...experiment.sample, count: images }, seed, firstImage: first, labels: null };
        for await (const batch of drawSamples(engine, experiment, request)) {
          // Clamped arrays round, cut off at 0 and 255 and take NaN as 0.
          page.set(
            batch.images.map((value) => (value + 1) * 127.5),
            batch.firstImage * imageBytes,
          );
          onProgress(first + batch.firstImage + batch.count);
        }
        replaceFile(file, new Uint8Array(page.buffer), false);
      }
      onProgress(first + images);
    }
    return { drawing, images: pagedImages(folder, { count, side, channels }), key };
  } finally {
    await engine.close();
  }
}
