/** A PNG file that a user names. */
import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UserError } from "../../core/errors.ts";
import { requireWritable } from "../../node/run/writableFolder.ts";

/**
 * Looks before anything is drawn whether the file can be written; makes the folder it is to be in.
 * @returns absolute path
 * @throws UserError for a folder, another kind of file, or a place that cannot be written
 */
export function requireOutFile(out: string): string {
  const path = resolve(out);
  if (out === "" || isFolder(path)) {
    throw new UserError(
      `--out ${JSON.stringify(out)} is a folder. Name a file in it, such as ${join(out, "samples.png")}.`,
    );
  }
  if (!/[^/\\]\.png$/i.test(path)) {
    throw new UserError(`--out ${JSON.stringify(out)}: pictures are written as PNG. Name a file that ends in .png.`);
  }
  requireWritable(dirname(path));
  return path;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // there is nothing, or what is in the way is told where the folder is made
  }
}
