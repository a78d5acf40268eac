/** Decodes what changed since the last time, takes the rest from the old cache, and writes the new one. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { usableCores } from "../../node/machine.ts";
import { asDiskError } from "../../node/run/diskError.ts";
import { removeQuietly } from "../../node/run/files.ts";
import { BrokenImageError, decodeImage, type PixelSettings } from "./decodeImage.ts";
import type { FoundImage } from "./findImages.ts";
import { mapInOrder } from "./mapInOrder.ts";
import type { CachedBroken, OpenCache, PixelCache } from "./pixelCache.ts";
import { systemReason } from "./systemReason.ts";

/** Files beyond this size are taken for a mistake rather than read into memory. */
const MAX_FILE_BYTES = 2 ** 29;
/** Pixels are written in pieces of about this size. */
const WRITE_BYTES = 2 ** 22;

/** What is to be done about one image: take it from the old cache, leave it out, or decode it. */
type Task =
  | { readonly kind: "keep"; readonly image: FoundImage; readonly position: number }
  | { readonly kind: "broken"; readonly image: FoundImage; readonly known: CachedBroken }
  | { readonly kind: "decode"; readonly image: FoundImage };

type Outcome = Uint8Array | { readonly reason: string; readonly retry: boolean };

export interface CachePlan {
  readonly tasks: readonly Task[];
  /** how many images are to be decoded */
  readonly toDecode: number;
  /** true: the cache holds exactly these images */
  readonly upToDate: boolean;
}

/**
 * Compares what is there with what the cache holds. An image is the same when path, size and time are.
 * @param folder the data folder
 */
export function planCache(folder: string, images: readonly FoundImage[], cache: OpenCache | null): CachePlan {
  const good = new Map<string, number>();
  const broken = new Map<string, CachedBroken>();
  const columns = cache?.manifest.images;
  columns?.paths.forEach((path, i) => {
    good.set(path, i);
  });
  for (const entry of cache?.manifest.broken ?? []) broken.set(entry.path, entry);
  let toDecode = 0;
  const tasks = images.map((image): Task => {
    const position = good.get(image.path);
    if (
      position !== undefined &&
      columns?.sizes[position] === image.size &&
      columns.modified[position] === image.modified
    ) {
      return { kind: "keep", image, position };
    }
    const known = broken.get(image.path);
    if (known !== undefined && known.size === image.size && known.modified === image.modified) {
      if (!known.retry || !isReadable(join(folder, image.path))) return { kind: "broken", image, known };
    }
    toDecode++;
    return { kind: "decode", image };
  });
  const upToDate = cache !== null && toDecode === 0 && good.size + broken.size === images.length;
  return { tasks, toDecode, upToDate };
}

/**
 * Builds the cache that `plan` asks for. Memory use does not depend on the number of images.
 * @param old closed when done
 * @throws UserError (failure) where the cache cannot be written, such as on a full disk
 */
export async function buildCache(
  folder: string,
  settings: PixelSettings,
  plan: CachePlan,
  cache: PixelCache,
  old: OpenCache | null,
  onProgress: (done: number, total: number) => void,
): Promise<OpenCache> {
  const imageBytes = settings.imageSize ** 2 * settings.channels;
  const images: { paths: string[]; sizes: number[]; modified: number[] } = { paths: [], sizes: [], modified: [] };
  const broken: CachedBroken[] = [];
  let target: ReturnType<PixelCache["createPixelFile"]> | null = null;
  let decoded = 0;
  try {
    target = cache.createPixelFile();
    const writer = new ChunkedWriter(target.file, imageBytes);
    const work = (task: Task): Promise<Outcome> =>
      task.kind === "decode"
        ? decodeFile(join(folder, task.image.path), task.image.size, settings)
        : Promise.resolve(NOTHING);
    const consume = (task: Task, outcome: Outcome): void => {
      const { path, size, modified } = task.image;
      if (task.kind === "decode") onProgress(++decoded, plan.toDecode);
      if (task.kind === "broken") broken.push(task.known);
      else if (task.kind === "decode" && "reason" in outcome) broken.push({ path, size, modified, ...outcome });
      else {
        if (task.kind === "keep" && old !== null) writer.copy(old.file, task.position);
        else if ("length" in outcome) writer.write(outcome);
        images.paths.push(path);
        images.sizes.push(size);
        images.modified.push(modified);
      }
    };
    await mapInOrder(plan.tasks, Math.min(32, 2 * usableCores() + 2), work, consume);
    writer.flush();
    const manifest = cache.commit({ pixelFile: target.name, imageBytes, images, broken }, target.file);
    return { manifest, file: target.file };
  } catch (error) {
    if (target !== null) {
      closeSync(target.file);
      removeQuietly(target.path);
    }
    const advice = "The decoded images are kept there. Nothing else was changed; run the command again afterwards.";
    throw asDiskError(error, { path: cache.dir, bytes: plan.tasks.length * imageBytes, advice });
  } finally {
    if (old !== null) closeSync(old.file);
  }
}

const NOTHING: Outcome = new Uint8Array(0);

/** Never rejects: a file that cannot be used is a result. */
async function decodeFile(path: string, size: number, settings: PixelSettings): Promise<Outcome> {
  if (size > MAX_FILE_BYTES)
    return { reason: `a file of ${Math.round(size / 2 ** 20)} MiB is too large`, retry: false };
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return { reason: `cannot be read (${systemReason(error)})`, retry: true };
  }
  try {
    return await decodeImage(bytes, settings);
  } catch (error) {
    return { reason: error instanceof BrokenImageError ? error.message : systemReason(error), retry: false };
  }
}

function isReadable(path: string): boolean {
  try {
    closeSync(openSync(path, "r"));
    return true;
  } catch {
    return false;
  }
}

/** Appends images to a file in large pieces. */
class ChunkedWriter {
  private readonly chunk: Buffer;
  private used = 0;

  constructor(
    private readonly file: number,
    private readonly imageBytes: number,
  ) {
    this.chunk = Buffer.allocUnsafe(Math.max(1, Math.floor(WRITE_BYTES / imageBytes)) * imageBytes);
  }

  write(pixels: Uint8Array): void {
    this.chunk.set(pixels, this.used);
    this.advance();
  }

  /** Takes an image from another pixel file. */
  copy(from: number, position: number): void {
    const read = readSync(from, this.chunk, this.used, this.imageBytes, position * this.imageBytes);
    if (read !== this.imageBytes)
      throw new UserError("The image cache was cut short while it was read. Run the command again.", "failure");
    this.advance();
  }

  flush(): void {
    for (let done = 0; done < this.used; ) done += writeSync(this.file, this.chunk, done, this.used - done);
    this.used = 0;
  }

  private advance(): void {
    this.used += this.imageBytes;
    if (this.used === this.chunk.length) this.flush();
  }
}
