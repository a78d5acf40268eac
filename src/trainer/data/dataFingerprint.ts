/** Which images a checkpoint was trained on, and how they differ from those of today. */
import { createHash } from "node:crypto";
import * as z from "zod";
import { shownText } from "../../core/shownText.ts";
import { DECODER_VERSION } from "./decodeImage.ts";
import type { ImageView } from "./imageView.ts";
import { DigestColumn } from "./pixelDigest.ts";

/** Kept in the loop state of checkpoints. Nothing in it depends on the machine, or on times of files. */
export const dataFingerprintSchema = z.object({
  /** how many */
  images: z.number(),
  /** of their paths */
  paths: z.string(),
  /** of their paths and pixels */
  pixels: z.string(),
  /** what decoded them */
  decoder: z.string(),
});
export type DataFingerprint = z.output<typeof dataFingerprintSchema>;

/** Path and digest of the pixels, in hexadecimal, of each image. */
export type ImageList = readonly (readonly [path: string, pixels: string])[];

export function imageList({ images, pixelDigests }: ImageView): ImageList {
  const digests = DigestColumn.fromText(pixelDigests);
  return images.map(({ path }, i) => [path, digests.at(i).toString("hex")]);
}

export function dataFingerprint(images: ImageList): DataFingerprint {
  const paths = createHash("sha256");
  const pixels = createHash("sha256");
  for (const [path, digest] of images) {
    paths.update(`${path}\n`);
    pixels.update(`${path}\n${digest}\n`);
  }
  return { images: images.length, paths: short(paths), pixels: short(pixels), decoder: DECODER_VERSION };
}

const short = (hash: ReturnType<typeof createHash>): string => hash.digest("hex").slice(0, 16);

/** What a checkpoint says of its images: a fingerprint, or the number and paths alone as older ones have it. */
export function readFingerprint(value: unknown): DataFingerprint | string | null {
  if (typeof value === "string") return value;
  const read = dataFingerprintSchema.safeParse(value);
  return read.success ? read.data : null;
}

/**
 * How images differ from those of a checkpoint, such as `1 changed: "a.png"`.
 * @param before of the checkpoint
 * @param listBefore its images, where they are known
 * @returns null where they are the same, as far as can be known
 */
export function changedImages(
  before: DataFingerprint | string,
  listBefore: ImageList | null,
  now: DataFingerprint,
  listNow: ImageList,
): string | null {
  if (typeof before === "string") {
    // Of the form "12 images, 0123456789abcdef": pixels were not looked at.
    const same = before === `${now.images} images, ${now.paths}`;
    return same ? null : `${before.replace(/, .*/, "")} then, ${now.images} now`;
  }
  if (before.pixels === now.pixels) return null;
  const decoder =
    before.decoder === now.decoder ? "" : `; they were decoded by ${before.decoder}, now by ${now.decoder}`;
  if (listBefore !== null) return `${differences(listBefore, listNow)}${decoder}`;
  if (before.paths !== now.paths) return `${before.images} images then, ${now.images} now${decoder}`;
  return `the same names, but other pixels${decoder}`;
}

/** Such as `2 added, 1 removed, 3 changed, such as "a/b.png"`. */
function differences(before: ImageList, now: ImageList): string {
  const known = new Map(before);
  const added: string[] = [];
  const changed: string[] = [];
  for (const [path, pixels] of now) {
    const old = known.get(path);
    if (old === undefined) added.push(path);
    else if (old !== pixels) changed.push(path);
    known.delete(path);
  }
  const parts = Object.entries({ added, removed: [...known.keys()], changed })
    .filter(([, paths]) => paths.length > 0)
    .map(([what, paths]) => {
      const [first] = paths;
      return `${paths.length} ${what}${paths.length === 1 ? ": " : ", such as "}"${shownText(first!)}"`;
    });
  return parts.join("; ");
}
