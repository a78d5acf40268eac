/** Where images are: in a folder, an archive, or several archives. Who finds and reads images asks this, and not the disk. */
import type { FileTree } from "./fileTree.ts";

/** By which a changed image is known. */
export interface FileFacts {
  /** bytes; in a Parquet file about as many */
  readonly size: number;
  /** time of the content, milliseconds with fraction; programs set it as they like. Of an archive's members, as what follows: the archive's */
  readonly modified: number;
  /** time of the last change of content, name or rights, which only the system sets */
  readonly changed: number;
  /** number of the file on its disk */
  readonly inode: number;
}

export interface ImageSource extends FileTree {
  /** absolute, without links; of several archives their folder, with what was asked for in it. Tells them from all others */
  readonly path: string;
  /** what is at the path, for people */
  readonly noun: "folder" | "archive" | "Parquet file";
  /** what to do about an image without a class */
  readonly classRemedy: string;
  /** The facts of a file, or why they cannot be had. */
  facts(path: string): FileFacts | string;
  /** All of a file. @throws Error with a reason for systemReason, where it cannot be read */
  read(path: string): Promise<Buffer>;
  /** Whether a file that could not be read may be readable now. */
  isReadable(path: string): boolean;
  /** The class of an image; null: it has none. */
  classOf(path: string): string | null;
  close(): void;
}
