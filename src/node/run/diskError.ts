/** Turns what a file system refuses into a message that says what was lost (nothing already written) and how to go on. */
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../core/errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file is larger than the system allows",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOENT: "its folder does not exist",
  ENOTDIR: "a file is in the way",
  EEXIST: "a file is in the way",
  EIO: "the disk reported an error",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
  EBUSY: "another process has it open",
  ENAMETOOLONG: "the path is too long for this system",
};
const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

export interface DiskErrorContext {
  readonly path: string;
  /** size of what was to be written */
  readonly bytes?: number;
  /** more to tell, e.g. what is intact and how to go on */
  readonly advice?: string;
}

/** 1536 -> "1.5 KiB" */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Bytes that this user may still write where the path is or will be; null: not known. */
export function freeBytes(path: string): number | null {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    } catch {
      if (folder === dirname(folder)) return null;
    }
  }
}

function freeSpace(path: string): string {
  const free = freeBytes(path);
  return free === null ? "free space unknown" : `${formatBytes(free)} are free`;
}

/** The file system refused. */
export class DiskError extends UserError {
  /** @param isFull whether more room would help */
  constructor(
    message: string,
    readonly isFull = false,
  ) {
    super(message, "failure");
  }
}

/**
 * @returns a DiskError if the file system refused, naming file and reason; anything else unchanged (also an
 * error that has been turned already)
 */
export function asDiskError(error: unknown, context: DiskErrorContext): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  const reason = code === undefined ? undefined : REASONS[code];
  if (code === undefined || reason === undefined) return error;
  let message = `Cannot write ${context.path}: ${reason} (${code}).`;
  if (FULL.has(code)) {
    const needed = context.bytes === undefined ? "" : `${formatBytes(context.bytes)} were needed, `;
    message += ` ${needed}${freeSpace(context.path)}. Free some space.`;
  }
  if (context.advice !== undefined) message += ` ${context.advice}`;
  return new DiskError(message, FULL.has(code));
}
