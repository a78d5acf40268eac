/** Folders of the workspace that hold images, for choosing one. */
import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";

export interface ImageFolder {
  /** absolute */
  readonly path: string;
  /** as shown: seen from the workspace folder, "." for itself */
  readonly label: string;
  readonly images: number;
}

/** Looks this deep: images are rarely further down, and class folders belong to the folder above them. */
const MAX_DEPTH = 2;
const MAX_FOLDERS = 200;
const NO_DATA = /^(\.|node_modules$|runs$)/;

/** @returns those with the most images first, at most 30; the root itself among them where images lie in it directly */
export async function imageFolders(root: string): Promise<ImageFolder[]> {
  const { datasetFacts } = await import("../../node/facts/datasetFacts.ts");
  const { isIgnoredByDefault } = await import("../../core/images/ignore.ts");
  const { IMAGE_EXTENSIONS } = await import("../../node/images/extensions.ts");
  const found: ImageFolder[] = [];
  const queue: { path: string; depth: number }[] = [{ path: root, depth: 0 }];
  for (let i = 0; i < queue.length && i < MAX_FOLDERS; i++) {
    const { path, depth } = queue[i]!;
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    const holdsImages = entries.some((entry) => entry.isFile() && IMAGE_EXTENSIONS.has(extensionOf(entry.name)));
    const folders = entries.filter(
      (entry) => entry.isDirectory() && !NO_DATA.test(entry.name) && !isIgnoredByDefault(entry.name),
    );
    if (holdsImages || depth > 0) {
      const { images } = await datasetFacts(path, []);
      const label = relative(root, path).split(sep).join("/") || ".";
      if (images !== undefined && images > 0) found.push({ path, label, images });
      if (holdsImages) continue;
    }
    if (depth < MAX_DEPTH) for (const { name } of folders) queue.push({ path: join(path, name), depth: depth + 1 });
  }
  return found.sort((a, b) => b.images - a.images || a.label.length - b.label.length).slice(0, 30);
}

const extensionOf = (name: string): string => name.slice(name.lastIndexOf(".")).toLowerCase();
