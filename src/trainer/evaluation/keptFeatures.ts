/** Features of a data set's images, kept beside the decoded images: they are the same for every run. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Features } from "../../core/evaluation/features.ts";
import type { ImageSet } from "../../core/evaluation/showImages.ts";
import { replaceFile } from "../../node/run/files.ts";
import { dataFingerprint, imageList } from "../data/dataFingerprint.ts";
import type { ImageView } from "../data/imageView.ts";
import { DIGEST_BYTES, digestOf } from "../data/pixelDigest.ts";
import type { FeatureSpace } from "./featureSpace.ts";
import { viewImages } from "./viewImages.ts";

const FORMAT_VERSION = 1;

export interface FeatureRequest {
  readonly space: FeatureSpace;
  readonly view: ImageView;
  /** which images, a choice that follows from their number */
  readonly rows: Uint32Array;
  readonly shape: Pick<ImageSet, "side" | "channels">;
  /** folder of the decoded images */
  readonly cacheDir: string;
}

/** Embeds what was not embedded before. @throws UserError where the space or the disk refuses */
export async function keptFeatures(
  { space, view, rows, shape, cacheDir }: FeatureRequest,
  onProgress: (done: number) => void,
): Promise<Features> {
  const { pixels } = dataFingerprint(imageList(view));
  const identity = [FORMAT_VERSION, pixels, rows.length, space.version];
  const key = createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 20);
  const file = join(cacheDir, `${key}.features`);
  const kept = read(file, rows.length);
  if (kept !== null) return kept;
  const features = await space.embed(viewImages(view, rows, shape), onProgress);
  // Networks answer in float32.
  const bytes = new Uint8Array(new Float32Array(features.values).buffer);
  replaceFile(file, Buffer.concat([bytes, digestOf(bytes)]), false);
  return features;
}

/** Float32 [count, size], and their digest; null where there are none, or damaged ones. */
function read(file: string, count: number): Features | null {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch {
    return null;
  }
  const bytes = new Uint8Array(content.subarray(0, -DIGEST_BYTES));
  if (!digestOf(bytes).equals(content.subarray(-DIGEST_BYTES))) return null;
  const values = new Float64Array(new Float32Array(bytes.buffer));
  return { count, size: values.length / count, values };
}
