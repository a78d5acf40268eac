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

export interface PagesRequest {
  /** is there */
  readonly folder: string;
  /** of all samples */
  readonly drawing: Drawing;
  /** told how many there are */
  readonly onProgress: (done: number) => void;
}

/** Draws the pages that are missing in a folder. @throws UserError where the engine or the disk refuses */
export type DrawPages = (request: PagesRequest) => Promise<void>;

export interface SamplesRequest {
  readonly runDir: string;
  /** of all samples */
  readonly drawing: Drawing;
  readonly drawPages: DrawPages;
  /** samples that are there are of other weights */
  readonly anew?: boolean;
}

export interface DrawnSamples {
  readonly drawing: Drawing;
  readonly images: ImageSet;
  /** name of their folder */
  readonly key: string;
}

/** Draws what is not there yet. @throws UserError where the engine or the disk refuses */
export async function drawnSamples(request: SamplesRequest, onProgress: (done: number) => void): Promise<DrawnSamples> {
  const { runDir, drawing, drawPages, anew = false } = request;
  const key = keyOf(drawing);
  const folder = join(evaluationsFolder(runDir), key);
  if (anew) removeQuietly(folder);
  requireWritable(folder);
  const { count, imageSize: side, channels } = drawing;
  if (missingPages(folder, drawing).length > 0) await drawPages({ folder, drawing, onProgress });
  onProgress(count);
  return { drawing, images: pagedImages(folder, { count, side, channels }), key };
}

interface Page {
  readonly file: string;
  /** number of its first image */
  readonly first: number;
  readonly images: number;
}

function missingPages(folder: string, { count, imageSize, channels }: Drawing): Page[] {
  const pages = Array.from({ length: Math.ceil(count / PAGE) }, (_, page) => {
    const first = page * PAGE;
    return { file: pageFile(folder, first), first, images: Math.min(PAGE, count - first) };
  });
  return pages.filter(({ file, images }) => !hasImages(file, images * imageSize ** 2 * channels));
}

export interface PagesByEngine {
  readonly engine: EngineClient;
  readonly experiment: Experiment;
  /** called once where there is something to draw */
  readonly loadWeights?: () => Promise<unknown>;
  /** called between steps; what it throws ends the drawing */
  readonly check?: () => void;
}

/** By this program's engine. */
export const pagesByEngine =
  ({ engine, experiment, loadWeights, check = () => {} }: PagesByEngine): DrawPages =>
  async ({ folder, drawing, onProgress }) => {
    const imageBytes = drawing.imageSize ** 2 * drawing.channels;
    await loadWeights?.();
    for (const { file, first, images } of missingPages(folder, drawing)) {
      const page = new Uint8ClampedArray(images * imageBytes);
      const sample = { ...experiment.sample, count: images };
      const asked = { sample, seed: drawing.seed, firstImage: first, drawing, onStep: check };
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
  };
