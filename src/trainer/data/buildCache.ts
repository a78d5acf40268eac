/** Decodes what changed since the last time, takes the rest from the old cache, and writes the new one. */
import { closeSync, readSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { sep } from "node:path";
import { UserError } from "../../core/errors.ts";
import { systemPath } from "../../node/images/fileNames.ts";
import { asDiskError } from "../../node/run/diskError.ts";
import { removeQuietly } from "../../node/run/files.ts";
import { systemReason } from "../../node/systemReason.ts";
import { BrokenImageError, decodeImage, type PixelSettings } from "./decodeImage.ts";
import { ImageColumns } from "./imageColumns.ts";
import { mapInOrder } from "./mapInOrder.ts";
import type { CachedBroken, OpenCache, PixelCache } from "./pixelCache.ts";
import { digestOf } from "./pixelDigest.ts";
import type { CachePlan, Task } from "./planCache.ts";

/** Files beyond this size are taken for a mistake rather than read into memory. */
const MAX_FILE_BYTES = 2 ** 29;
/** Pixels are written in pieces of about this size. */
const WRITE_BYTES = 2 ** 22;

/** Pixels with the digest of the file they came from, or why there are none. */
type Outcome =
  | { readonly pixels: Uint8Array; readonly content: Buffer }
  | { readonly reason: string; readonly retry: boolean };

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
  const images = new ImageColumns(old?.manifest.images);
  const broken: CachedBroken[] = [];
  let target: ReturnType<PixelCache["createPixelFile"]> | null = null;
  let decoded = 0;
  try {
    target = cache.createPixelFile();
    const writer = new ChunkedWriter(target.file, imageBytes);
    const work = (task: Task): Promise<Outcome> =>
      task.kind === "decode"
        ? decodeFile(folder + sep + task.image.path, task.image.size, settings)
        : Promise.resolve(NOTHING);
    const consume = (task: Task, outcome: Outcome): void => {
      const { image } = task;
      if (task.kind === "decode") onProgress(++decoded, plan.toDecode);
      if (task.kind === "broken") broken.push(task.known);
      else if (task.kind === "decode" && "reason" in outcome) broken.push({ ...image, ...outcome });
      else {
        if (task.kind === "keep" && old !== null) {
          writer.copy(old.file, task.position);
          images.keep(image, task.position);
        } else if ("pixels" in outcome) {
          writer.write(outcome.pixels);
          images.add(image, outcome.content, digestOf(outcome.pixels));
        }
      }
    };
    await mapInOrder(plan.tasks, Math.min(32, 2 * availableParallelism() + 2), work, consume);
    writer.flush();
    const manifest = cache.commit(
      { pixelFile: target.name, imageBytes, images: images.toManifest(), broken },
      target.file,
    );
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

const NOTHING: Outcome = { pixels: new Uint8Array(0), content: Buffer.alloc(0) };

/** Never rejects: a file that cannot be used is a result. */
async function decodeFile(path: string, size: number, settings: PixelSettings): Promise<Outcome> {
  if (size > MAX_FILE_BYTES)
    return { reason: `a file of ${Math.round(size / 2 ** 20)} MiB is too large`, retry: false };
  let bytes: Buffer;
  try {
    bytes = await readFile(systemPath(path));
  } catch (error) {
    return { reason: `cannot be read (${systemReason(error)})`, retry: true };
  }
  try {
    return { pixels: await decodeImage(bytes, settings), content: digestOf(bytes) };
  } catch (error) {
    return { reason: error instanceof BrokenImageError ? error.message : systemReason(error), retry: false };
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
