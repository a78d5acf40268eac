/** Images in archives, as if those were folders. */
import { className } from "../../../core/classes/className.ts";
import { archiveStem } from "../../../core/images/archiveNames.ts";
import { isIgnoredByDefault } from "../../../core/images/ignore.ts";
import type { TreeEntry } from "../fileTree.ts";
import type { FileFacts, ImageSource } from "../imageSource.ts";
import type { Archive, Member } from "./archive.ts";

interface Place {
  readonly archive: Archive;
  readonly index: number;
  readonly member: Member;
  readonly label: string | null;
}

/** One archive with the name of its file. */
export interface NamedArchive {
  readonly name: string;
  readonly archive: Archive;
}

export class ArchiveSource implements ImageSource {
  readonly classRemedy: string;
  private readonly files = new Map<string, Place>();
  private readonly folders = new Map<string, Map<string, TreeEntry>>([["", new Map()]]);

  /** @param archives several lie side by side, each in a folder called as its file */
  constructor(
    readonly path: string,
    readonly noun: ImageSource["noun"],
    private readonly archives: readonly NamedArchive[],
  ) {
    this.classRemedy = archives[0]!.archive.classRemedy;
    for (const { name, archive } of archives) this.add(archives.length === 1 ? "" : `${name}/`, name, archive);
  }

  entries(path: string): Iterable<TreeEntry> {
    return this.folders.get(path)?.values() ?? [];
  }

  linkKind(): "brokenLink" {
    return "brokenLink";
  }

  realPath(path: string): string {
    return path;
  }

  holds(path: string): boolean {
    return this.files.has(path) || this.folders.has(path);
  }

  async head(path: string, most: number): Promise<Buffer> {
    const { archive, index } = this.place(path);
    return archive.read(index, most);
  }

  facts(path: string): FileFacts {
    const { archive, member } = this.place(path);
    return { ...archive.facts, size: member.size };
  }

  async read(path: string): Promise<Buffer> {
    const { archive, index, member } = this.place(path);
    if (member.kind === "brokenLink") throw new Error("a link, which is not followed in an archive");
    return archive.read(index);
  }

  isReadable(): boolean {
    return true;
  }

  classOf(path: string): string | null {
    return this.place(path).label;
  }

  close(): void {
    for (const { archive } of this.archives) archive.close();
  }

  private place(path: string): Place {
    const place = this.files.get(path);
    if (place === undefined) throw new Error("the archive does not hold it");
    return place;
  }

  private add(prefix: string, name: string, archive: Archive): void {
    const wrapper = wrapperOf(name, archive.members);
    for (const [index, member] of archive.members.entries()) {
      if (!member.path.startsWith(wrapper)) continue;
      const inner = member.path.slice(wrapper.length);
      if (inner === "") continue;
      this.addEntry(prefix + inner, member.kind);
      this.files.set(prefix + inner, { archive, index, member, label: member.label ?? className(inner) });
    }
  }

  private addEntry(path: string, kind: TreeEntry["kind"]): void {
    const slash = path.lastIndexOf("/");
    const folder = path.slice(0, Math.max(0, slash));
    if (!this.folders.has(folder)) {
      this.folders.set(folder, new Map());
      this.addEntry(folder, "folder");
    }
    const name = path.slice(slash + 1);
    this.folders.get(folder)!.set(name, { name, kind });
  }
}

/**
 * Most programs pack the folder `photos` as photos.zip with `photos/…` in it, others what it holds: both are the same images. So a
 * folder that is called as the archive and holds all that is in it stands for the whole.
 * @returns "" or the folder with a slash
 */
function wrapperOf(name: string, members: readonly Member[]): string {
  const wrapper = `${archiveStem(name)}/`;
  const isBeside = ({ path }: Member): boolean => {
    const first = className(path) ?? path;
    return !path.startsWith(wrapper) && !first.startsWith(".") && !isIgnoredByDefault(first);
  };
  return members.some(({ path }) => path.startsWith(wrapper)) && !members.some(isBeside) ? wrapper : "";
}
