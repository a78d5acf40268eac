/** The search for images below a folder. */
import { closeSync, openSync, readdirSync, readSync, realpathSync, type Stats, statSync } from "node:fs";
import { dirname, extname, join, sep } from "node:path";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import { compareBytes } from "../../core/compareBytes.ts";
import { UserError } from "../../core/errors.ts";
import { IMAGE_EXTENSIONS } from "../../node/facts/imageExtensions.ts";
import { errorCode } from "../../node/run/files.ts";
import { imageFormat, MAGIC_BYTES } from "./imageFormat.ts";
import { systemReason } from "./systemReason.ts";

export interface FoundImage {
  /** relative to the data folder, with forward slashes */
  readonly path: string;
  /** bytes */
  readonly size: number;
  /** modification time, milliseconds with fraction */
  readonly modified: number;
}

export interface BrokenImage {
  /** relative to the data folder, with forward slashes */
  readonly path: string;
  readonly reason: string;
}

export interface FoundImages {
  /** sorted by path, byte order */
  readonly images: readonly FoundImage[];
  /** names of images that cannot even be looked at, such as links to nowhere */
  readonly unreadable: readonly BrokenImage[];
  /** visible files that are no images */
  readonly otherFiles: number;
}

/**
 * Finds every image below `root`. A file counts as an image when its extension says so (in any case), or when it has no
 * extension and its first bytes say so; what it holds is judged when it is decoded. Names that begin with a dot are skipped.
 * So are run folders, whose sample pictures are no data. Links are followed; a folder that is reached twice is read once, under its real place where that lies below `root`.
 * @param root absolute path of an existing folder
 * @throws UserError where a folder below cannot be read: leaving out a part of the data silently would be worse
 */
export async function findImages(root: string): Promise<FoundImages> {
  const walk = new Walk(root);
  await walk.run();
  const byPath = (a: { path: string }, b: { path: string }): number => compareBytes(a.path, b.path);
  return { images: walk.images.sort(byPath), unreadable: walk.unreadable.sort(byPath), otherFiles: walk.otherFiles };
}

/** Directory entries between two pauses for other work. */
const ENTRIES_PER_TURN = 4096;

class Walk {
  readonly images: FoundImage[] = [];
  readonly unreadable: BrokenImage[] = [];
  otherFiles = 0;
  private readonly visited = new Set<string>();
  /** Real folders first, linked ones after, so that what is reached by both is filed under its real place. */
  private readonly folders: string[] = [""];
  private readonly linkedFolders: string[] = [];
  private sinceYield = 0;

  constructor(private readonly root: string) {}

  async run(): Promise<void> {
    let read = 0;
    let linkedRead = 0;
    for (;;) {
      if (read < this.folders.length) this.readFolder(this.folders[read++]!);
      else if (linkedRead < this.linkedFolders.length) this.readFolder(this.linkedFolders[linkedRead++]!);
      else return;
      if (this.sinceYield > ENTRIES_PER_TURN) {
        this.sinceYield = 0;
        await yieldToEvents();
      }
    }
  }

  /** What `join` would give, at a tenth of its time: this is called for every file. */
  private absolute(path: string): string {
    return this.root + sep + path;
  }

  private readFolder(folder: string): void {
    const absolute = join(this.root, folder);
    try {
      const real = realpathSync(absolute);
      if (this.visited.has(real)) return;
      this.visited.add(real);
      const entries = readdirSync(absolute, { withFileTypes: true });
      this.sinceYield += entries.length;
      if (isRunFolder(entries)) return;
      for (const entry of entries.sort((a, b) => compareBytes(a.name, b.name))) {
        if (entry.name.startsWith(".")) continue;
        const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
        if (entry.isDirectory()) this.folders.push(path);
        else if (entry.isSymbolicLink()) this.readLink(path);
        else if (entry.isFile()) this.readFile(path, statOf(this.absolute(path)));
      }
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(
        `The folder "${absolute}" cannot be read (${systemReason(error)}). Give yourself the right to read it, or move it out of the data folder.`,
      );
    }
  }

  private readLink(path: string): void {
    const absolute = this.absolute(path);
    const stats = statOf(absolute);
    if (typeof stats === "string" || !stats.isDirectory()) {
      this.readFile(path, stats);
      return;
    }
    // A link to a folder that holds the link would list its surroundings once more.
    const target = realpathSync(absolute);
    const holder = realpathSync(dirname(absolute));
    if (holder === target || holder.startsWith(target.endsWith(sep) ? target : target + sep)) return;
    this.linkedFolders.push(path);
  }

  private readFile(path: string, stats: Stats | string): void {
    const extension = extname(path).toLowerCase();
    if (typeof stats === "string") {
      if (IMAGE_EXTENSIONS.has(extension)) this.unreadable.push({ path, reason: stats });
      return;
    }
    if (!stats.isFile()) return;
    const isImage =
      IMAGE_EXTENSIONS.has(extension) || (extension === "" && looksLikeImage(this.absolute(path), stats.size));
    if (isImage) this.images.push({ path, size: stats.size, modified: stats.mtimeMs });
    else this.otherFiles++;
  }
}

function isRunFolder(entries: readonly { name: string }[]): boolean {
  return entries.some(({ name }) => name === "run.json") && entries.some(({ name }) => name === "status.json");
}

/** The file's facts, or why they cannot be had. */
function statOf(path: string): Stats | string {
  try {
    return statSync(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return "a link to a file that does not exist";
    if (code === "ELOOP") return "a link that leads back to itself";
    return `cannot be read (${systemReason(error)})`;
  }
}

function looksLikeImage(path: string, size: number): boolean {
  if (size < MAGIC_BYTES) return false;
  const head = Buffer.alloc(MAGIC_BYTES);
  try {
    const file = openSync(path, "r");
    try {
      readSync(file, head, 0, MAGIC_BYTES, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
  return imageFormat(head) !== null;
}
