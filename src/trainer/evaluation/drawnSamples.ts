/**
 * Samples that are drawn to be measured: kept in the run's folder in pages, each written as a whole, so that an evaluation that was interrupted goes on
 * where it was, and a later one of more samples draws those that are missing.
 */
import { join } from "node:path";
import type { ImageSet } from "../../core/evaluation/showImages.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import type { Drawing } from "../../core/run/drawing.ts";
import { evaluationsFolder } from "../../node/run/evaluations.ts";
import { removeQuietly, replaceFile } from "../../node/run/files.ts";
import { hasImages, keyOf, PAGE, pagedImages, pageFile } from "../../node/run/samplePages.ts";
import { requireWritable } from "../../node/run/writableFolder.ts";
import type { EngineClient } from "../engine/client.ts";
import { drawSamples } from "../sample/drawSamples.ts";

export interface SamplesRequest {
  readonly runDir: string;
  readonly experiment: Experiment;
  /** of all samples */
  readonly drawing: Drawing;
  readonly engine: EngineClient;
  /** called once where the engine is to draw */
  readonly loadWeights?: () => Promise<unknown>;
  /** samples that are there are of other weights */
  readonly anew?: boolean;
  /** called between steps; what it throws ends the drawing */
  readonly check?: () => void;
}

export interface DrawnSamples {
  readonly drawing: Drawing;
  readonly images: ImageSet;
  /** name of their folder */
  readonly key: string;
}

/** Draws what is not there yet. @throws UserError where the engine or the disk refuses */
export async function drawnSamples(request: SamplesRequest, onProgress: (done: number) => void): Promise<DrawnSamples> {
  const { runDir, experiment, drawing, engine, loadWeights, anew = false, check = () => {} } = request;
  const { image_size: side, channels } = experiment.data;
  const { count, seed } = drawing;
  const imageBytes = side * side * channels;
  const key = keyOf(drawing);
  const folder = join(evaluationsFolder(runDir), key);
  if (anew) removeQuietly(folder);
  requireWritable(folder);
  let loading: Promise<unknown> | undefined;
  for (let first = 0; first < count; first += PAGE) {
    const images = Math.min(PAGE, count - first);
    const file = pageFile(folder, first);
    if (!hasImages(file, images * imageBytes)) {
      loading ??= loadWeights?.();
      await loading;
      const page = new Uint8ClampedArray(images * imageBytes);
      const sample = { ...experiment.sample, count: images };
      const asked = { sample, seed, firstImage: first, drawing, onStep: check };
      for await (const batch of drawSamples(engine, experiment, asked)) {
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
}
