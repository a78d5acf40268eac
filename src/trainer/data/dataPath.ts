/** What data.path names: a folder, an archive, or several of them. */
import { isAbsolute } from "node:path";
import { UserError } from "../../core/errors.ts";
import { placeNoun } from "../../core/images/archiveNames.ts";
import { leftOutText, SUPPORTED_FORMATS } from "../../core/images/fileKinds.ts";
import { shellNotation } from "../../core/images/shellNotation.ts";
import { shownText } from "../../core/shownText.ts";
import { expandHome, resolvePath } from "../../node/homePath.ts";
import type { FoundFiles } from "../../node/images/findImages.ts";
import type { ImageSource } from "../../node/images/imageSource.ts";
import { openImages } from "../../node/images/openImages.ts";

/**
 * @param path data.path of the experiment
 * @param baseDir folder of the experiment file
 * @returns to be closed
 * @throws UserError where there is nothing, or what is there cannot be read
 */
export async function openDataPath(path: string, baseDir: string): Promise<ImageSource> {
  const absolute = resolvePath(baseDir, path);
  const opened = await openImages(absolute);
  if (opened.kind === "opened") return opened.source;
  const named = `data.path: the ${opened.kind === "missing" ? placeNoun(path) : opened.noun} "${shownText(absolute)}"`;
  if (opened.kind === "unusable") throw new UserError(`${named} ${opened.problem}`);
  const origin = isAbsolute(expandHome(path))
    ? ""
    : ` (data.path is "${shownText(path)}", taken from the experiment file's folder)`;
  const remedy = shellNotation(path) ?? "Correct data.path, or put the images there.";
  throw new UserError(`${named} does not exist${origin}. ${remedy}`);
}

/** @throws UserError where the search found no image */
export function requireImages(source: ImageSource, found: FoundFiles): void {
  if (found.images.length > 0) return;
  const isEmpty = [...source.entries("")].length === 0;
  const content = isEmpty ? "is empty" : `holds no images (${whatElse(found)})`;
  const remedy =
    source.noun === "folder"
      ? `Put ${SUPPORTED_FORMATS} files there or in folders below it, or correct data.path.`
      : `Pack ${SUPPORTED_FORMATS} files into it, or correct data.path.`;
  throw new UserError(`data.path: the ${source.noun} "${shownText(source.path)}" ${content}. ${remedy}`);
}

function whatElse({ leftOut, ignoredByPattern }: FoundFiles): string {
  const ignored = ignoredByPattern.some((matches) => matches > 0) ? "data.ignore leaves some out" : null;
  return [leftOutText(leftOut) ?? "no visible files at all", ignored].filter((part) => part !== null).join("; ");
}
