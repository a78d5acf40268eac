const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOENT: "it does not exist",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is a file",
  ENAMETOOLONG: "the path is too long for this system",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EIO: "the disk reported an error",
  EFBIG: "it is too large",
  ENOTSUP: "it is no file",
  EBUSY: "another process has it open",
};

/** Why the system refused, in words where they are known and else by the system's code or message. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? error.message : (REASONS[code] ?? code);
}
