/** The folder that data.path names. */
import { existsSync, opendirSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import { UserError } from "../../core/errors.ts";
import { leftOutText, SUPPORTED_FORMATS } from "../../core/images/fileKinds.ts";
import { shellNotation } from "../../core/images/shellNotation.ts";
import { shownText } from "../../core/shownText.ts";
import { expandHome, resolvePath } from "../../node/homePath.ts";
import type { FoundFiles } from "../../node/images/findImages.ts";
import { systemReason } from "../../node/systemReason.ts";

/**
 * @param path data.path of the experiment
 * @param baseDir folder of the experiment file
 * @returns the folder's real, absolute path
 * @throws UserError where there is no such folder, or it cannot be read
 */
export function resolveDataFolder(path: string, baseDir: string): string {
  const absolute = resolvePath(baseDir, path);
  const named = `data.path: the folder "${shownText(absolute)}"`;
  const origin = isAbsolute(expandHome(path))
    ? ""
    : ` (data.path is "${shownText(path)}", taken from the experiment file's folder)`;
  if (!existsSync(absolute)) {
    const remedy = shellNotation(path) ?? "Correct data.path, or put the images there.";
    throw new UserError(`${named} does not exist${origin}. ${remedy}`);
  }
  try {
    if (!statSync(absolute).isDirectory()) {
      throw new UserError(
        `data.path: "${shownText(absolute)}" is a file, not a folder${origin}. Name the folder that holds the images, such as "${shownText(dirname(absolute))}".`,
      );
    }
    opendirSync(absolute).closeSync();
    return realpathSync(absolute);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${named} cannot be read (${systemReason(error)}). Give yourself the right to read it.`);
  }
}

/** @throws UserError where the search found no image */
export function requireImages(folder: string, found: FoundFiles): void {
  if (found.images.length > 0) return;
  const content = readdirSync(folder).length === 0 ? "is empty" : `holds no images (${whatElse(found)})`;
  throw new UserError(
    `data.path: the folder "${shownText(folder)}" ${content}. Put ${SUPPORTED_FORMATS} files there or in folders below it, or correct data.path.`,
  );
}

function whatElse({ leftOut, ignoredByPattern }: FoundFiles): string {
  const ignored = ignoredByPattern.some((matches) => matches > 0) ? "data.ignore leaves some out" : null;
  return [leftOutText(leftOut) ?? "no visible files at all", ignored].filter((part) => part !== null).join("; ");
}
