/** What lint wants to know of a folder of images. Cheap: no image is opened. */
import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { compareClassNames } from "../../core/classes/classOrder.ts";
import type { DatasetFacts } from "../../core/lint/facts.ts";
import { IMAGE_EXTENSIONS } from "./imageExtensions.ts";

/** Counting ends here; a folder of a million images would take seconds. */
const MAX_ENTRIES = 200_000;

/**
 * Counts the images below a folder, one folder at a time, so that the process can do other work meanwhile.
 * @param root absolute path of the data folder
 */
export async function datasetFacts(root: string): Promise<DatasetFacts> {
  if (!(await isFolder(root))) return { exists: false };
  const classes = new Set<string>();
  let images = 0;
  let entries = 0;
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const found = await entriesOf(join(root, folder));
    // What lies in a folder that cannot be read, or beyond the limit, is not known.
    if (found === null) return { exists: true };
    entries += found.length;
    if (entries > MAX_ENTRIES) return { exists: true };
    const names = new Set(found.map((entry) => entry.name));
    // Sample pictures in run folders are no data.
    if (names.has("run.json") && names.has("status.json")) continue;
    for (const entry of found) {
      if (entry.name.startsWith(".")) continue;
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      // Where a link leads is for the data set to find out.
      if (entry.isSymbolicLink() && (await isFolder(join(root, path)))) return { exists: true };
      if (entry.isDirectory()) folders.push(path);
      else if (IMAGE_EXTENSIONS.has(extname(entry.name).toLowerCase())) {
        images++;
        if (path.includes("/")) classes.add(path.slice(0, path.indexOf("/")));
      } else if (extname(entry.name) === "") {
        // Images may come without an extension; only their first bytes tell.
        return { exists: true };
      }
    }
  }
  return { exists: true, images, classes: classes.size, classNames: [...classes].sort(compareClassNames) };
}

async function entriesOf(folder: string): Promise<Dirent[] | null> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    return null;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
