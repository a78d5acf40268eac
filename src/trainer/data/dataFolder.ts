/** The folder that data.path names. */
import { existsSync, opendirSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { UserError } from "../../core/errors.ts";
import type { FoundImages } from "./findImages.ts";
import { SUPPORTED_FORMATS } from "./imageFormat.ts";
import { systemReason } from "./systemReason.ts";

/**
 * @param path data.path of the experiment
 * @param baseDir folder of the experiment file
 * @returns the folder's real, absolute path
 * @throws UserError where there is no such folder, or it cannot be read
 */
export function resolveDataFolder(path: string, baseDir: string): string {
  const absolute = resolve(baseDir, path);
  const named = `data.path: the folder "${absolute}"`;
  const origin = isAbsolute(path) ? "" : ` (data.path is "${path}", taken from the experiment file's folder)`;
  if (!existsSync(absolute)) {
    throw new UserError(`${named} does not exist${origin}. Correct data.path, or put the images there.`);
  }
  try {
    if (!statSync(absolute).isDirectory()) {
      throw new UserError(
        `data.path: "${absolute}" is a file, not a folder${origin}. Name the folder that holds the images, such as "${dirname(absolute)}".`,
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
export function requireImages(folder: string, found: FoundImages): void {
  if (found.images.length + found.unreadable.length > 0) return;
  const content = readdirSync(folder).length === 0 ? "is empty" : `holds no images (${countFiles(found.otherFiles)})`;
  throw new UserError(
    `data.path: the folder "${folder}" ${content}. Put ${SUPPORTED_FORMATS} files there or in folders below it, or correct data.path.`,
  );
}

function countFiles(others: number): string {
  if (others === 0) return "no visible files at all";
  return `${others} other ${others === 1 ? "file" : "files"}`;
}
