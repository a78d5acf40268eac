/** A quick look at the images of an experiment, for what need not wait until they are opened. */
import type { DataConfig } from "../../core/experiment/schema.ts";
import { findImages } from "../../node/images/findImages.ts";
import { openDataPath, requireImages } from "./dataPath.ts";
import { requireReadable } from "./imageFiles.ts";

/**
 * Takes a moment also where there are many images: it ends at the first one.
 * @param baseDir folder of the experiment file
 * @throws UserError where there is no such folder or archive, it cannot be read or holds no images
 */
export async function requireDataPath(data: Pick<DataConfig, "path" | "ignore">, baseDir: string): Promise<void> {
  const source = await openDataPath(data.path, baseDir);
  try {
    const found = await findImages(source, data.ignore, { images: 1 });
    if (found.images.length > 0) return;
    requireReadable(source.path, found, data.ignore);
    requireImages(source, found);
  } finally {
    source.close();
  }
}
