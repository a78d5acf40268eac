/** Image files to pixels, several at once: within a bound of memory, and each failure with the reason that is its own. */
import { decodedBytes } from "../../node/images/formats/decodedBytes.ts";
import type { ImageSource } from "../../node/images/imageSource.ts";
import { errorCode } from "../../node/run/files.ts";
import { systemReason } from "../../node/systemReason.ts";
import { ByteBudget } from "./byteBudget.ts";
import { BrokenImageError, decodeImage, type PixelSettings } from "./decodeImage.ts";
import type { ImageFile } from "./imageFiles.ts";
import { digestOf } from "./pixelDigest.ts";

/**
 * The pixels and the digest of the file they came from, or why there are none; retry: the file could not be opened, which may change
 * without the file changing.
 */
export type Decoded =
  | { readonly pixels: Uint8Array; readonly content: Buffer }
  | { readonly reason: string; readonly retry: boolean };

/** Files beyond this size are taken for a mistake rather than read into memory. */
const MAX_FILE_BYTES = 2 ** 29;
/** Failures that are looked into one at a time; of more the cause in detail is left open. */
const MAX_LOOKED_INTO = 100;

// For all of the process, since memory and the image library's messages are. What waits for the second holds only the first.
const files = new ByteBudget(MAX_FILE_BYTES);
const pixels = new ByteBudget(2 ** 30);

export class FileDecoder {
  private lookedInto = 0;

  /** @param decode rejects with BrokenImageError */
  constructor(
    private readonly settings: PixelSettings,
    private readonly decode: typeof decodeImage = decodeImage,
  ) {}

  /** Never rejects: a file that cannot be used is a result. */
  async decodeFile(
    source: Pick<ImageSource, "read">,
    { path, size }: Pick<ImageFile, "path" | "size">,
  ): Promise<Decoded> {
    if (size > MAX_FILE_BYTES) {
      return { reason: `a file of ${Math.round(size / 2 ** 20)} MiB is too large`, retry: false };
    }
    return files.run(size, async () => {
      let bytes: Buffer;
      try {
        bytes = await source.read(path);
      } catch (error) {
        // What the system refuses it may grant later; what an archive cannot give stays so as long as it is the same.
        return { reason: `cannot be read (${systemReason(error)})`, retry: errorCode(error) !== undefined };
      }
      return this.decodeBytes(bytes);
    });
  }

  private async decodeBytes(bytes: Buffer): Promise<Decoded> {
    const decode = async (): Promise<Decoded> => {
      const decoded = await this.decode(bytes, this.settings);
      return { pixels: decoded, content: digestOf(bytes) };
    };
    try {
      return await pixels.run(decodedBytes(bytes), decode);
    } catch (error) {
      if (!(error instanceof BrokenImageError)) return { reason: systemReason(error), retry: false };
      if (error.message === error.certain) return { reason: error.message, retry: false };
      if (++this.lookedInto > MAX_LOOKED_INTO) return { reason: error.certain, retry: false };
    }
    // Again while nothing else is decoded: now what the image library says is about this image.
    try {
      return await pixels.runAlone(decode);
    } catch (error) {
      return { reason: error instanceof BrokenImageError ? error.message : systemReason(error), retry: false };
    }
  }
}
