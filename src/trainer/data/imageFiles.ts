/** The images of a data folder with the facts by which a changed file is known. */
import { type Stats, statSync } from "node:fs";
import { sep } from "node:path";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import { compareBytes } from "../../core/compareBytes.ts";
import { UserError } from "../../core/errors.ts";
import { patternFor } from "../../core/images/ignore.ts";
import { shownText } from "../../core/shownText.ts";
import { systemPath } from "../../node/images/fileNames.ts";
import { type FoundFiles, findImages } from "../../node/images/findImages.ts";
import { errorCode } from "../../node/run/files.ts";
import { systemReason } from "../../node/systemReason.ts";

export interface ImageFile {
  /** relative to the data folder, with forward slashes; see src/node/images/fileNames.ts */
  readonly path: string;
  /** bytes */
  readonly size: number;
  /** time of the content, milliseconds with fraction; programs set it as they like */
  readonly modified: number;
  /** time of the last change of content, name or rights, which only the system sets */
  readonly changed: number;
  /** number of the file on its disk */
  readonly inode: number;
}

export interface BrokenImage {
  /** relative to the data folder, with forward slashes */
  readonly path: string;
  readonly reason: string;
}

export interface ImageFiles {
  /** sorted by path, byte order */
  readonly images: readonly ImageFile[];
  /** images that cannot even be looked at, such as links to nowhere; sorted likewise */
  readonly unreadable: readonly BrokenImage[];
  readonly found: FoundFiles;
}

/** Files between two pauses for other work. */
const FILES_PER_TURN = 4096;

/**
 * @param folder real path of the data folder
 * @param ignore data.ignore
 * @throws UserError where a folder below cannot be read: leaving out a part of the data silently would be worse
 */
export async function imageFiles(folder: string, ignore: readonly string[]): Promise<ImageFiles> {
  const found = await findImages(folder, ignore);
  requireReadable(folder, found, ignore);
  const images: ImageFile[] = [];
  const unreadable: BrokenImage[] = [];
  for (const [i, path] of found.images.sort(compareBytes).entries()) {
    if (i % FILES_PER_TURN === FILES_PER_TURN - 1) await yieldToEvents();
    const stats = statOf(folder + sep + path);
    if (typeof stats === "string") unreadable.push({ path, reason: stats });
    else images.push({ path, size: stats.size, modified: stats.mtimeMs, changed: stats.ctimeMs, inode: stats.ino });
  }
  return { images, unreadable, found };
}

/** @throws UserError where a folder could not be read */
export function requireReadable(folder: string, found: FoundFiles, ignore: readonly string[]): void {
  const problem = unreadableFolder(folder, found, ignore);
  if (problem !== null) throw new UserError(problem);
}

/** Names the first folder that could not be read, and how to leave it out; null where there is none. */
export function unreadableFolder(folder: string, found: FoundFiles, ignore: readonly string[]): string | null {
  const [first, ...more] = found.unreadableFolders;
  if (first === undefined) return null;
  const named = shownText(`${folder}${first.path === "" ? "" : sep + first.path}`);
  const others =
    more.length === 0 ? "" : ` There ${more.length === 1 ? "is 1 more" : `are ${more.length} more`} like it.`;
  const list = JSON.stringify([...ignore, patternFor(first.path)]).replaceAll(",", ", ");
  const remedy =
    first.path === ""
      ? "Give yourself the right to read it."
      : `Give yourself the right to read it, or leave it out with data.ignore: ${list}`;
  return `The folder "${named}" cannot be read (${first.reason}).${others} ${remedy}`;
}

/** The file's facts, or why they cannot be had. */
function statOf(path: string): Stats | string {
  try {
    return statSync(systemPath(path));
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return "a link to a file that does not exist";
    if (code === "ELOOP") return "a link that leads back to itself";
    return `cannot be read (${systemReason(error)})`;
  }
}
