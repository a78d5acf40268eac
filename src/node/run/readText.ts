/** Reads files of run folders, whatever has been put in their place: a pipe would hold up the whole process, a device has no end. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

/** A document of a run folder takes some kilobytes, an experiment not much more. */
const LARGEST_DOCUMENT = 16 * 2 ** 20;

/** Opening a pipe for reading waits for a writer otherwise; Windows has neither. */
export const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** The system's word for what is no plain file, and for one that is too large. */
const systemError = (code: "ENOTSUP" | "EFBIG", path: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${code}: ${path}`), { code, path });

/**
 * @param largest bytes that are read at most
 * @throws an error with a system's code: ENOTSUP for what is no file, EFBIG for one that is too large
 */
export function readFileAtOnce(path: string, largest: number): Buffer {
  const fd = openSync(path, READ_AT_ONCE);
  try {
    const found = fstatSync(fd);
    if (!found.isFile() && !found.isDirectory()) throw systemError("ENOTSUP", path);
    if (found.isFile() && found.size > largest) throw systemError("EFBIG", path);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Reads a document as text. @throws as readFileAtOnce */
export const readText = (path: string): string => readFileAtOnce(path, LARGEST_DOCUMENT).toString("utf8");
