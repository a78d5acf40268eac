/**
 * Samples that are drawn to be measured: kept in the run's folder in pages, each written as a whole, so that an evaluation that was interrupted goes on
 * where it was, and a later one of more samples draws those that are missing.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Drawing } from "../../core/run/drawing.ts";
import { replaceFile } from "../../node/run/files.ts";
import { requireWritable } from "../../node/run/writableFolder.ts";
import { EngineClient } from "../engine/client.ts";
import { drawSamples } from "../loop/drawSamples.ts";
import { drawingWith, loadWeights, type RunNetwork, startDrawing } from "../loop/runNetwork.ts";
import type { ImageSet } from "./featureSpace.ts";

/** Images of a page. */
const PAGE = 64;

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
    const folder = join(runDir, "evaluations", key);
    requireWritable(folder);
    let loading: Promise<unknown> | null = null;
    for (let first = 0; first < count; first += PAGE) {
      const images = Math.min(PAGE, count - first);
      const file = pageFile(folder, first);
      if (!existsSync(file) || statSync(file).size < images * imageBytes) {
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

/** Everything that decides the pixels; images are numbered without end, so that their number is no part of it. */
function keyOf(drawing: Drawing): string {
  return createHash("sha256")
    .update(JSON.stringify({ ...drawing, count: null }))
    .digest("hex")
    .slice(0, 16);
}

const pageFile = (folder: string, first: number): string =>
  join(folder, `samples-${String(first).padStart(8, "0")}.pixels`);

function pagedImages(folder: string, { count, side, channels }: Omit<ImageSet, "read">): ImageSet {
  const imageBytes = side * side * channels;
  let open = -1;
  let page: Uint8Array = new Uint8Array(0);
  return {
    count,
    side,
    channels,
    read(from, images) {
      const out = new Uint8Array(images * imageBytes);
      for (let i = 0; i < images; i++) {
        const place = (from + i) % PAGE;
        const first = from + i - place;
        if (first !== open) page = readFileSync(pageFile(folder, first));
        open = first;
        out.set(page.subarray(place * imageBytes, (place + 1) * imageBytes), i * imageBytes);
      }
      return out;
    },
  };
}
