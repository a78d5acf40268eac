/** The picture of a batch: bands of three rows (original, masked, noised), an image in each column. */

import { gridPages } from "../run/gridPages.ts";
import type { GridImages, GridOptions } from "../run/gridPicture.ts";
import type { BatchPreview } from "./preview.ts";

const COLUMNS = 16;
/** Images in the picture, where they are small enough. */
const MOST_IMAGES = 64;
/** Of the lines and, so that they cannot be seen, of the places without an image. */
const GREY = 60;

/** How many images of a batch the picture shows: whole bands, as many as fit. */
export function previewCount(batchSize: number, imageSize: number): number {
  let images = Math.min(MOST_IMAGES, batchSize);
  const fits = () =>
    gridPages({ count: 3 * COLUMNS * Math.ceil(images / COLUMNS), columns: COLUMNS, imageSize }).pages === 1;
  while (images > COLUMNS && !fits()) images = COLUMNS * (Math.ceil(images / COLUMNS) - 1);
  return images;
}

/**
 * Up to 16 images make one band; the last of several bands may be shorter.
 * @returns what `gridPicture` takes
 */
export function previewGrid(preview: BatchPreview, imageSize: number): [GridImages, GridOptions] {
  const columns = Math.min(COLUMNS, preview.count);
  const bands = Math.ceil(preview.count / columns);
  const count = bands * 3 * columns;
  const values = imageSize * imageSize * 3;
  const images = new Float32Array(count * values).fill(toValue(GREY));
  for (let i = 0; i < preview.count; i++) {
    const band = Math.floor(i / columns);
    [preview.original, preview.masked, preview.noised].forEach((pixels, row) => {
      const place = (band * 3 + row) * columns + (i % columns);
      for (let v = 0; v < values; v++) images[place * values + v] = toValue(pixels[i * values + v]!);
    });
  }
  return [
    { images, count, imageSize, channels: 3 },
    { columns, separatorGrey: GREY },
  ];
}

/** 0…255 to [-1, 1] */
function toValue(byte: number): number {
  return byte / 127.5 - 1;
}
