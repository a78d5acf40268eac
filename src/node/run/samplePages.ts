/** Pages of samples in a run's folder: evaluations/<key>/samples-<first>.pixels, see docs/run-format.md. */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ImageSet } from "../../core/evaluation/showImages.ts";
import type { Drawing } from "../../core/run/drawing.ts";

/** Images of a page. */
export const PAGE = 64;

/** @param bytes that a page is to have at least */
export const hasImages = (file: string, bytes: number): boolean =>
  (statSync(file, { throwIfNoEntry: false })?.size ?? 0) >= bytes;

/** Everything that decides the pixels; images are numbered without end, so that their number is no part of it. */
export function keyOf(drawing: Drawing): string {
  return createHash("sha256")
    .update(JSON.stringify({ ...drawing, count: null }))
    .digest("hex")
    .slice(0, 16);
}

export const pageFile = (folder: string, first: number): string =>
  join(folder, `samples-${String(first).padStart(8, "0")}.pixels`);

export function pagedImages(folder: string, { count, side, channels }: Omit<ImageSet, "read">): ImageSet {
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
