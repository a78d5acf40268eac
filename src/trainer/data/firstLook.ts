/** A quick look at the images of an experiment, for what need not wait until they are opened. */
import type { DataConfig } from "../../core/experiment/schema.ts";
import { findImages } from "../../node/images/findImages.ts";
import { requireImages, resolveDataFolder } from "./dataFolder.ts";
import { requireReadable } from "./imageFiles.ts";

/**
 * Takes a moment also where there are many images: it ends at the first one.
 * @param baseDir folder of the experiment file
 * @throws UserError where there is no such folder, it cannot be read or holds no images
 */
export async function requireDataFolder(data: Pick<DataConfig, "path" | "ignore">, baseDir: string): Promise<void> {
  const folder = resolveDataFolder(data.path, baseDir);
  const found = await findImages(folder, data.ignore, { images: 1 });
  if (found.images.length > 0) return;
  requireReadable(folder, found, data.ignore);
  requireImages(folder, found);
}
