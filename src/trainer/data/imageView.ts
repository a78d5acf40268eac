/** Some of the images of a pixel file. */
import { DIGEST_BYTES, DigestColumn } from "./pixelDigest.ts";
import type { PixelStore } from "./pixelStore.ts";

export interface DatasetImage {
  /** relative to the data folder, with forward slashes */
  readonly path: string;
  /** null: it has none */
  readonly className: string | null;
  /** position in the classes; 0 without labels */
  readonly label: number;
}

export interface ImageView {
  readonly count: number;
  /** sorted by path (byte order), so that positions are the same on every machine */
  readonly images: readonly DatasetImage[];
  /** of each image's pixels, DIGEST_BYTES one after the other, in base64 */
  readonly pixelDigests: string;
  /** H·W·C */
  readonly imageBytes: number;
  /**
   * Copies images into `out`, synchronously.
   * @param indices positions in `images`, [n]
   * @param out receives uint8 [n, H, W, C]
   * @throws RangeError for a position or target out of range; UserError where the cache was damaged meanwhile
   */
  readInto(indices: Uint32Array, out: Uint8Array): void;
}

/** What a view shows a part of. */
export interface AllImages {
  readonly images: readonly DatasetImage[];
  readonly digests: DigestColumn;
  readonly imageBytes: number;
  readonly store: Pick<PixelStore, "readInto">;
}

/** @param shows whether an image, by its position among all, is in the view */
export function imageView(
  { images, digests, imageBytes, store }: AllImages,
  shows: (row: number) => boolean,
): ImageView {
  const rows = [...images.keys()].filter(shows);
  const own = Buffer.alloc(rows.length * DIGEST_BYTES);
  rows.forEach((row, i) => {
    own.set(digests.at(row), i * DIGEST_BYTES);
  });
  return {
    count: rows.length,
    images: rows.map((row) => images[row]!),
    pixelDigests: own.toString("base64"),
    imageBytes,
    readInto(indices, out) {
      const outside = indices.find((index) => index >= rows.length);
      if (outside !== undefined) throw new RangeError(`image ${outside} of ${rows.length}`);
      store.readInto(
        indices.map((index) => rows[index]!),
        out,
      );
    },
  };
}

/** Those images of a view that are of certain classes. */
export function viewOfClasses(view: ImageView, labels: ReadonlySet<number>): ImageView {
  const digests = DigestColumn.fromText(view.pixelDigests);
  const { images, imageBytes } = view;
  return imageView({ images, digests, imageBytes, store: view }, (row) => labels.has(images[row]!.label));
}
