/** Folders and archives of the workspace that hold images, for choosing one. */
import { readdir } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";

export interface ImagePlace {
  /** absolute */
  readonly path: string;
  /** as shown: seen from the workspace folder, "." for itself */
  readonly label: string;
  readonly images: number;
  readonly isArchive: boolean;
}

/** Looks this deep: images are rarely further down, and class folders belong to the folder above them. */
const MAX_DEPTH = 2;
const MAX_FOLDERS = 200;
/** Opened to count their images; more are shards of what is meant as a whole. */
const MAX_ARCHIVES = 30;
const NO_DATA = /^(\.|node_modules$|runs$)/;

/** @returns those with the most images first, at most 30; the root itself among them where images lie in it directly */
export async function imagePlaces(root: string): Promise<ImagePlace[]> {
  const { datasetFacts } = await import("../../node/facts/datasetFacts.ts");
  const { isArchiveName } = await import("../../core/images/archiveNames.ts");
  const { isIgnoredByDefault } = await import("../../core/images/ignore.ts");
  const { IMAGE_EXTENSIONS } = await import("../../node/images/extensions.ts");
  const found: ImagePlace[] = [];
  const add = async (path: string, isArchive: boolean): Promise<boolean> => {
    const { images } = await datasetFacts(path, []);
    const label = relative(root, path).split(sep).join("/") || ".";
    if (images !== undefined && images > 0) found.push({ path, label, images, isArchive });
    return images !== undefined && images > 0;
  };
  const queue: { path: string; depth: number }[] = [{ path: root, depth: 0 }];
  let archives = 0;
  for (let i = 0; i < queue.length && i < MAX_FOLDERS; i++) {
    const { path, depth } = queue[i]!;
    const entries = (await readdir(path, { withFileTypes: true }).catch(() => [])).filter(
      ({ name }) => !NO_DATA.test(name) && !isIgnoredByDefault(name),
    );
    const holdsImages = entries.some(
      (entry) => entry.isFile() && IMAGE_EXTENSIONS.has(extname(entry.name).toLowerCase()),
    );
    const packed = entries.filter((entry) => entry.isFile() && isArchiveName(entry.name));
    const isUsable = (holdsImages || depth > 0) && (await add(path, false));
    if (holdsImages) continue;
    for (const { name } of packed) {
      // Shards are parts of what their folder is.
      if (isUsable && !/\.zip$/i.test(name)) continue;
      if (archives++ < MAX_ARCHIVES) await add(join(path, name), true);
    }
    if (depth === MAX_DEPTH) continue;
    for (const entry of entries)
      if (entry.isDirectory()) queue.push({ path: join(path, entry.name), depth: depth + 1 });
  }
  return found.sort((a, b) => b.images - a.images || a.label.length - b.label.length).slice(0, 30);
}
