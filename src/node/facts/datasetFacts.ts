/** What lint wants to know of a folder of images. Cheap: of images nothing but their names is read. */
import { stat } from "node:fs/promises";
import { className } from "../../core/classes/className.ts";
import { compareClassNames } from "../../core/classes/classOrder.ts";
import type { DatasetFacts } from "../../core/lint/facts.ts";
import { findImages } from "../images/findImages.ts";

/** Counting ends here; a folder of a million images, or of many files of unknown kinds, would take seconds. */
const LIMITS = { entries: 200_000, looks: 20_000 };

/**
 * Counts the images below a folder, so that the process can do other work meanwhile.
 * @param root absolute path of the data folder
 * @param ignore data.ignore of the experiment
 */
export async function datasetFacts(root: string, ignore: readonly string[]): Promise<DatasetFacts> {
  if (!(await isFolder(root))) return { exists: false };
  const { images, leftOut, ignoredByPattern, unreadableFolders, complete } = await findImages(root, ignore, LIMITS);
  const [unreadableFolder] = unreadableFolders;
  if (unreadableFolder !== undefined) return { exists: true, unreadableFolder };
  // What lies beyond the limits is not known.
  if (!complete) return { exists: true };
  const classes = new Set<string>();
  for (const path of images) if (path.includes("/")) classes.add(className(path));
  const classNames = [...classes].sort(compareClassNames);
  return { exists: true, images: images.length, classes: classes.size, classNames, leftOut, ignoredByPattern };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
