/** Folders and files as the search for images walks through them, on a disk or in an archive. */

/**
 * image: known to be one without a look at its name or content; link: where it leads has to be asked for; brokenLink: it leads to
 * nothing that is read; device: none of these
 */
export type EntryKind = "folder" | "file" | "image" | "link" | "brokenLink" | "device";

export interface TreeEntry {
  /** see fileNames.ts */
  readonly name: string;
  readonly kind: EntryKind;
}

/** Paths are relative, with forward slashes; "" is the whole tree. What cannot be had is thrown, with the system's or another reason. */
export interface FileTree {
  /** in no particular order */
  entries(path: string): Iterable<TreeEntry>;
  /** where the link at a path leads */
  linkKind(path: string): EntryKind;
  /** the same for every way to a folder, with separators of the system */
  realPath(path: string): string;
  holds(path: string): boolean;
  /** The first bytes of a file; fewer where it ends before. */
  head(path: string, most: number): Buffer | Promise<Buffer>;
}
