/** The one search for images in a folder or an archive: lint, the editor and training find the same. */
import { extname, sep } from "node:path";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { FileKind, LeftOut } from "../../core/images/fileKinds.ts";
import { IgnorePatterns, isIgnoredByDefault } from "../../core/images/ignore.ts";
import { systemReason } from "../systemReason.ts";
import { CLAIMED_EXTENSIONS, IMAGE_EXTENSIONS, KNOWN_EXTENSIONS } from "./extensions.ts";
import type { FileTree, TreeEntry } from "./fileTree.ts";
import { foreignKind, HEAD_BYTES, imageFormat } from "./imageFormat.ts";

/** When a search ends before everything was seen. */
export interface SearchLimits {
  /** entries of folders */
  readonly entries?: number;
  /** files that are opened to see what they are */
  readonly looks?: number;
  /** images: no more are wanted */
  readonly images?: number;
}

export interface FoundFiles {
  /** paths of images relative to the tree, with forward slashes (see fileNames.ts); in no particular order */
  readonly images: string[];
  /** files that are no images, or none that can be read, by kind */
  readonly leftOut: LeftOut;
  /** names that are left out by default and were met, with how often */
  readonly ignoredByDefault: ReadonlyMap<string, number>;
  /** files and folders that each pattern of data.ignore left out, in the patterns' order */
  readonly ignoredByPattern: readonly number[];
  /** folders that could not be read, with the reason */
  readonly unreadableFolders: readonly { readonly path: string; readonly reason: string }[];
  /** false: a limit ended the search */
  readonly complete: boolean;
}

/**
 * Finds every image of a tree. A file counts as an image when its extension says so (in any case) or, for extensions that say
 * nothing, when its first bytes do; what it holds is judged when it is decoded. Names that begin with a dot are skipped, and so
 * are run folders, whose sample pictures are no data. Links are followed; a folder that is reached twice is read once, under its
 * real place where that lies in the tree.
 * @param ignore data.ignore of the experiment
 */
export async function findImages(
  tree: FileTree,
  ignore: readonly string[],
  limits: SearchLimits = {},
): Promise<FoundFiles> {
  const search = new Search(tree, ignore, limits);
  await search.run();
  return search;
}

/** Milliseconds of work between two pauses for other work of the process. */
const TURN_MS = 10;

interface Folder {
  /** relative to the tree, "" for itself */
  readonly path: string;
  /** absolute, without links */
  readonly real: string;
}

class Search implements FoundFiles {
  readonly images: string[] = [];
  readonly leftOut: Partial<Record<FileKind, number>> = {};
  readonly ignoredByDefault = new Map<string, number>();
  readonly unreadableFolders: { path: string; reason: string }[] = [];
  complete = true;
  private readonly patterns: IgnorePatterns;
  private readonly visited = new Set<string>();
  /** Real folders first, linked ones after, so that what is reached by both is filed under its real place. */
  private readonly folders: Folder[] = [];
  private readonly linkedFolders: Folder[] = [];
  private entries = 0;
  private looks = 0;
  private turnEnds = performance.now() + TURN_MS;

  constructor(
    private readonly tree: FileTree,
    ignore: readonly string[],
    private readonly limits: SearchLimits,
  ) {
    this.patterns = new IgnorePatterns(ignore);
  }

  get ignoredByPattern(): readonly number[] {
    return this.patterns.matches;
  }

  async run(): Promise<void> {
    const real = this.realPath("");
    if (real !== null) this.folders.push({ path: "", real });
    let read = 0;
    let linkedRead = 0;
    while (this.complete) {
      if (read < this.folders.length) await this.readFolder(this.folders[read++]!);
      else if (linkedRead < this.linkedFolders.length) await this.readFolder(this.linkedFolders[linkedRead++]!);
      else return;
    }
  }

  /** Null where it cannot be had, which is then noted. */
  private realPath(path: string): string | null {
    try {
      return this.tree.realPath(path);
    } catch (error) {
      this.unreadableFolders.push({ path, reason: systemReason(error) });
      return null;
    }
  }

  private async readFolder(folder: Folder): Promise<void> {
    const { path, real } = folder;
    if (this.visited.has(real)) return;
    this.visited.add(real);
    const folders: string[] = [];
    const links: Folder[] = [];
    try {
      if (this.isRunFolder(path)) return;
      for (const entry of this.tree.entries(path)) {
        if (performance.now() > this.turnEnds) await this.pause();
        const pending = this.readEntry(entry, folder, folders, links);
        // Only what has to be looked into takes time: to wait for every entry would take far more than to read it.
        if (pending !== undefined) await pending;
        if (this.reachesLimit()) return;
      }
    } catch (error) {
      this.unreadableFolders.push({ path, reason: systemReason(error) });
    }
    for (const name of folders.sort()) this.folders.push({ path: below(path, name), real: real + sep + name });
    this.linkedFolders.push(...links.sort((a, b) => (a.path < b.path ? -1 : 1)));
  }

  private async pause(): Promise<void> {
    await yieldToEvents();
    this.turnEnds = performance.now() + TURN_MS;
  }

  private reachesLimit(): boolean {
    const { entries = Infinity, looks = Infinity, images = Infinity } = this.limits;
    this.complete = ++this.entries <= entries && this.looks <= looks && this.images.length < images;
    return !this.complete;
  }

  private isRunFolder(path: string): boolean {
    const holds = (name: string): boolean => this.tree.holds(below(path, name));
    return holds("run.json") && holds("status.json");
  }

  private readEntry({ name, kind: own }: TreeEntry, folder: Folder, folders: string[], links: Folder[]) {
    if (name.startsWith(".")) return;
    const path = below(folder.path, name);
    const kind = own === "link" ? this.tree.linkKind(path) : own;
    if (this.patterns.matchesPath(path, kind === "folder")) return;
    if (isIgnoredByDefault(name)) this.ignoredByDefault.set(name, (this.ignoredByDefault.get(name) ?? 0) + 1);
    else if (own === "folder") folders.push(name);
    else if (kind === "folder") this.readLinkedFolder(path, folder, links);
    else if (kind === "image") this.images.push(path);
    else if (kind === "file") return this.readFile(path, name);
    else if (kind === "brokenLink") {
      // An image that is a link to nowhere is one that cannot be used; what else such links were is not known.
      if (IMAGE_EXTENSIONS.has(extname(name).toLowerCase())) this.images.push(path);
      else this.leave("brokenLink");
    }
    return;
  }

  private readLinkedFolder(path: string, holder: Folder, links: Folder[]): void {
    const real = this.realPath(path);
    if (real === null) return;
    // A link to a folder that holds the link would list its surroundings once more.
    const isAround = holder.real === real || holder.real.startsWith(real.endsWith(sep) ? real : real + sep);
    if (!isAround) links.push({ path, real });
  }

  private readFile(path: string, name: string): Promise<void> | undefined {
    const extension = extname(name).toLowerCase();
    if (IMAGE_EXTENSIONS.has(extension)) {
      this.images.push(path);
      return;
    }
    const known = KNOWN_EXTENSIONS.get(extension);
    if (known === undefined) return this.lookInto(path, extension);
    this.leave(known);
    return;
  }

  /** Reads the first bytes: the name does not say what the file is, or claims what may not be so. */
  private async lookInto(path: string, extension: string): Promise<void> {
    this.looks++;
    let head: Buffer;
    try {
      head = await this.tree.head(path, HEAD_BYTES);
    } catch {
      this.leave("unreadable");
      return;
    }
    if (imageFormat(head) !== null) this.images.push(path);
    else this.leave(foreignKind(head) ?? CLAIMED_EXTENSIONS.get(extension) ?? "other");
  }

  private leave(kind: FileKind): void {
    this.leftOut[kind] = (this.leftOut[kind] ?? 0) + 1;
  }
}

const below = (folder: string, name: string): string => (folder === "" ? name : `${folder}/${name}`);
