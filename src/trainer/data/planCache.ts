/** Which images are taken from the cache, and which have to be decoded. */
import type { ImageSource } from "../../node/images/imageSource.ts";
import type { ImageFile } from "./imageFiles.ts";
import { mapInOrder } from "./mapInOrder.ts";
import type { CachedBroken, OpenCache } from "./pixelCache.ts";
import { DigestColumn, digestOf } from "./pixelDigest.ts";

/** What is to be done about one image: take it from the old cache, leave it out, or decode it. */
export type Task =
  | { readonly kind: "keep"; readonly image: ImageFile; readonly position: number }
  | { readonly kind: "broken"; readonly image: ImageFile; readonly known: CachedBroken }
  | { readonly kind: "decode"; readonly image: ImageFile };

export interface CachePlan {
  readonly tasks: readonly Task[];
  /** how many images are to be decoded */
  readonly toDecode: number;
  /** true: the cache holds exactly these images */
  readonly upToDate: boolean;
  /** images that are the same by their content, though the cache knows other facts of their files */
  readonly confirmed: number;
}

/** Files that are read at once. */
const WINDOW = 8;

/**
 * Compares what is there with what the cache holds. An image is the same when path, size, both times and inode are. Where path and
 * size alone are, its content decides: times and inodes change when files are copied, restored or mounted elsewhere; and the time
 * of the content stays when an archive with fixed times is unpacked over another one. Reading is far cheaper than decoding.
 */
export async function planCache(
  source: ImageSource,
  images: readonly ImageFile[],
  cache: OpenCache | null,
  log: (line: string) => void,
): Promise<CachePlan> {
  const known = new KnownImages(cache);
  const tasks = images.map((image): Task => known.taskFor(source, image));
  const doubtful = tasks.flatMap((task, i) => (task.kind === "keep" && !known.isCertain(task) ? [{ task, i }] : []));
  if (doubtful.length > 0)
    log(
      `image cache: ${doubtful.length} of ${images.length} images have another time or inode; reading them to see whether they are the same`,
    );
  let confirmed = 0;
  await mapInOrder(
    doubtful,
    WINDOW,
    ({ task }) => known.hasSameContent(source, task),
    ({ task, i }, isSame) => {
      if (isSame) confirmed++;
      else tasks[i] = { kind: "decode", image: task.image };
    },
  );
  const toDecode = tasks.filter(({ kind }) => kind === "decode").length;
  const upToDate = cache !== null && toDecode === 0 && known.count === images.length;
  return { tasks, toDecode, upToDate, confirmed };
}

type Keep = Extract<Task, { kind: "keep" }>;

class KnownImages {
  private readonly good = new Map<string, number>();
  private readonly broken = new Map<string, CachedBroken>();
  private readonly columns: OpenCache["manifest"]["images"] | undefined;
  private readonly contents: DigestColumn;

  constructor(cache: OpenCache | null) {
    this.columns = cache?.manifest.images;
    this.contents = DigestColumn.fromText(this.columns?.contents ?? "");
    this.columns?.paths.forEach((path, i) => {
      this.good.set(path, i);
    });
    for (const entry of cache?.manifest.broken ?? []) this.broken.set(entry.path, entry);
  }

  get count(): number {
    return this.good.size + this.broken.size;
  }

  taskFor(source: ImageSource, image: ImageFile): Task {
    const { path, size, modified } = image;
    const position = this.good.get(path);
    if (position !== undefined && this.columns?.sizes[position] === size) return { kind: "keep", image, position };
    const known = this.broken.get(path);
    const isSame =
      known !== undefined &&
      known.size === size &&
      known.modified === modified &&
      known.changed === image.changed &&
      known.inode === image.inode;
    return isSame && (!known.retry || !source.isReadable(path))
      ? { kind: "broken", image, known }
      : { kind: "decode", image };
  }

  isCertain({ image, position }: Keep): boolean {
    const { columns } = this;
    return (
      columns?.modified[position] === image.modified &&
      columns.changed[position] === image.changed &&
      columns.inodes[position] === image.inode
    );
  }

  /** Never rejects: a file that cannot be read is not the same. */
  async hasSameContent(source: ImageSource, { image, position }: Keep): Promise<boolean> {
    try {
      const bytes = await source.read(image.path);
      return digestOf(bytes).equals(this.contents.at(position));
    } catch {
      return false;
    }
  }
}
