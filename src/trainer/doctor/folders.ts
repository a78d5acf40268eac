/** Whether files can be written where a run would put them. */
import { existsSync, mkdtempSync, rmdirSync, statfsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { systemReason } from "../../node/systemReason.ts";

export interface FolderCheck {
  readonly path: string;
  readonly exists: boolean;
  readonly writable: boolean;
  /** null where the system does not say */
  readonly freeBytes: number | null;
  /** why it is not writable */
  readonly reason: string | null;
}

/** Tries a folder by making and removing one inside it, or inside the nearest folder above that exists. */
export function checkFolder(folder: string): FolderCheck {
  const path = resolve(folder);
  let nearest = path;
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  const found = { path, exists: nearest === path, freeBytes: freeBytes(nearest) };
  try {
    rmdirSync(mkdtempSync(join(nearest, ".maskdm-doctor-")));
    return { ...found, writable: true, reason: null };
  } catch (error) {
    return { ...found, writable: false, reason: `${nearest}: ${systemReason(error)}` };
  }
}

function freeBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}
