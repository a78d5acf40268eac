/** Decodes what changed since the last time, takes the rest from the old cache, and writes the new one. */
import { closeSync, readSync, writeSync } from "node:fs";
import { UserError } from "../../core/errors.ts";
import type { ImageSource } from "../../node/images/imageSource.ts";
import { usableCores } from "../../node/machine.ts";
import { asDiskError } from "../../node/run/diskError.ts";
import { removeQuietly } from "../../node/run/files.ts";
import type { PixelSettings } from "./decodeImage.ts";
import { type Decoded, FileDecoder } from "./fileDecoder.ts";
import { ImageColumns } from "./imageColumns.ts";
import { isGrey } from "./isGrey.ts";
import { mapInOrder } from "./mapInOrder.ts";
import type { CachedBroken, OpenCache, PixelCache } from "./pixelCache.ts";
import { digestOf } from "./pixelDigest.ts";
import type { CachePlan, Task } from "./planCache.ts";

/** Pixels are written in pieces of about this size. */
const WRITE_BYTES = 2 ** 22;

/**
 * Builds the cache that `plan` asks for. Memory use depends neither on the number of images nor, beyond a bound, on their size.
 * @param old closed when done
 * @throws UserError (failure) where the cache cannot be written, such as on a full disk
 */
export async function buildCache(
  source: ImageSource,
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
  let onlyGrey = true;
  try {
    target = cache.createPixelFile();
    const writer = new ChunkedWriter(target.file, imageBytes);
    const decoder = new FileDecoder(settings);
    const work = (task: Task): Promise<Decoded> =>
      task.kind === "decode" ? decoder.decodeFile(source, task.image) : Promise.resolve(NOTHING);
    const consume = (task: Task, outcome: Decoded): void => {
      const { image } = task;
      if (task.kind === "decode") onProgress(++decoded, plan.toDecode);
      if (task.kind === "broken") broken.push(task.known);
      else if (task.kind === "decode" && "reason" in outcome) broken.push({ ...image, ...outcome });
      else {
        let pixels: Uint8Array | null = null;
        if (task.kind === "keep" && old !== null) {
          pixels = writer.copy(old.file, task.position);
          images.keep(image, task.position);
        } else if ("pixels" in outcome) {
          pixels = writer.write(outcome.pixels);
          images.add(image, outcome.content, digestOf(outcome.pixels));
        }
        onlyGrey &&= pixels === null || settings.channels === 1 || isGrey(pixels);
      }
    };
    await mapInOrder(plan.tasks, Math.min(32, 2 * usableCores() + 2), work, consume);
    writer.flush();
    const manifest = cache.commit(
      { pixelFile: target.name, imageBytes, onlyGrey, images: images.toManifest(), broken },
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

const NOTHING: Decoded = { pixels: new Uint8Array(0), content: Buffer.alloc(0) };

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

  /** @returns what was given */
  write(pixels: Uint8Array): Uint8Array {
    this.chunk.set(pixels, this.used);
    this.advance();
    return pixels;
  }

  /**
   * Takes an image from another pixel file.
   * @returns its pixels, until the next one is appended
   */
  copy(from: number, position: number): Uint8Array {
    const read = readSync(from, this.chunk, this.used, this.imageBytes, position * this.imageBytes);
    if (read !== this.imageBytes)
      throw new UserError("The image cache was cut short while it was read. Run the command again.", "failure");
    const pixels = this.chunk.subarray(this.used, this.used + this.imageBytes);
    this.advance();
    return pixels;
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
