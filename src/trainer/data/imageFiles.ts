/** The images of a folder or an archive with the facts by which a changed one is known. */
import { sep } from "node:path";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import { compareBytes } from "../../core/compareBytes.ts";
import { UserError } from "../../core/errors.ts";
import { patternFor } from "../../core/images/ignore.ts";
import { shownText } from "../../core/shownText.ts";
import { type FoundFiles, findImages } from "../../node/images/findImages.ts";
import type { FileFacts, ImageSource } from "../../node/images/imageSource.ts";

export interface ImageFile extends FileFacts {
  /** relative to the data folder, with forward slashes; see src/node/images/fileNames.ts */
  readonly path: string;
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
 * @param ignore data.ignore
 * @throws UserError where a folder below cannot be read: leaving out a part of the data silently would be worse
 */
export async function imageFiles(source: ImageSource, ignore: readonly string[]): Promise<ImageFiles> {
  const found = await findImages(source, ignore);
  requireReadable(source.path, found, ignore);
  const images: ImageFile[] = [];
  const unreadable: BrokenImage[] = [];
  for (const [i, path] of found.images.sort(compareBytes).entries()) {
    if (i % FILES_PER_TURN === FILES_PER_TURN - 1) await yieldToEvents();
    const facts = source.facts(path);
    if (typeof facts === "string") unreadable.push({ path, reason: facts });
    else images.push({ path, ...facts });
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
