/** A quick look at the images of an experiment, for what need not wait until they are opened. */
import { opendir } from "node:fs/promises";
import { extname, join } from "node:path";
import { IMAGE_EXTENSIONS } from "../../node/facts/imageExtensions.ts";
import { requireImages, resolveDataFolder } from "./dataFolder.ts";
import { findImages } from "./findImages.ts";

/**
 * Takes a moment also where there are many images: it ends at the first one.
 * @param path data.path of the experiment
 * @param baseDir folder of the experiment file
 * @throws UserError where there is no such folder, it cannot be read or holds no images
 */
export async function requireDataFolder(path: string, baseDir: string): Promise<void> {
  const folder = resolveDataFolder(path, baseDir);
  // Images without an extension, behind links or in folders that cannot be read: the whole search knows better.
  if (!(await showsImage(folder))) requireImages(folder, await findImages(folder));
}

/** Whether a file that is named as images are is seen; errors say nothing yet. */
async function showsImage(folder: string): Promise<boolean> {
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    try {
      for await (const entry of await opendir(next)) {
        if (entry.name.startsWith(".")) continue;
        if (entry.isFile() && IMAGE_EXTENSIONS.has(extname(entry.name).toLowerCase())) return true;
        if (entry.isDirectory()) folders.push(join(next, entry.name));
      }
    } catch {
      return false;
    }
  }
  return false;
}
