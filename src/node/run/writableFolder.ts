/** Looks before long work whether its results will find a place. */
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { asDiskError, formatBytes, freeBytes } from "./diskError.ts";
import { removeQuietly } from "./files.ts";

/**
 * Makes a folder where it is missing, and writes into it for a moment: permissions alone do not tell everywhere.
 * @throws UserError where the folder cannot be made or written
 */
export function requireWritable(folder: string): void {
  const probe = join(folder, `.writable.tmp-${process.pid}-0`);
  try {
    mkdirSync(folder, { recursive: true });
    closeSync(openSync(probe, "w"));
  } catch (error) {
    throw asDiskError(error, { path: folder });
  } finally {
    removeQuietly(probe);
  }
}

/** Pictures seldom take less than this share of their pixels. */
const LEAST_SHARE = 0.5;

/**
 * @param bytes of the pixels, which PNG files may take but for a little
 * @returns what the user should know where room may run out; null: there is enough, or nobody can tell
 * @throws UserError where there certainly is too little
 */
export function requireRoom(folder: string, bytes: number): string | null {
  const free = freeBytes(folder);
  if (free === null || free >= bytes) return null;
  const room = `up to ${formatBytes(bytes)} in ${folder}, where ${formatBytes(free)} are free`;
  if (free >= LEAST_SHARE * bytes) return `The pictures may take ${room}.`;
  throw new UserError(
    `The pictures may take ${room}. Make room, draw fewer images, or choose another disk with --out.`,
  );
}
