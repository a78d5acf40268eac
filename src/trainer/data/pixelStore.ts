/** Pixels of a complete cache, in memory where they fit and read from disk where they do not. */
import { closeSync, readSync } from "node:fs";
import { UserError } from "../../core/errors.ts";

export interface PixelStore {
  /**
   * Copies images into `out`, one after the other.
   * @param positions which images
   * @param out uint8, at least positions.length * imageBytes
   */
  readInto(positions: Uint32Array, out: Uint8Array): void;
  close(): void;
}

/**
 * @param file the pixel file, open for reading; the store closes it
 * @param count images in it
 * @param memoryLimit bytes up to which everything is read into memory at once
 */
export function openPixelStore(file: number, count: number, imageBytes: number, memoryLimit: number): PixelStore {
  if (count * imageBytes > memoryLimit) return new DiskStore(file, count, imageBytes);
  try {
    const pixels = Buffer.allocUnsafe(count * imageBytes);
    readExactly(file, pixels, 0, pixels.length, 0);
    return new MemoryStore(pixels, count, imageBytes);
  } finally {
    closeSync(file);
  }
}

class MemoryStore implements PixelStore {
  constructor(
    private pixels: Uint8Array,
    private readonly count: number,
    private readonly imageBytes: number,
  ) {}

  readInto(positions: Uint32Array, out: Uint8Array): void {
    checkRange(positions, out, this.count, this.imageBytes);
    const size = this.imageBytes;
    positions.forEach((position, i) => {
      out.set(this.pixels.subarray(position * size, (position + 1) * size), i * size);
    });
  }

  close(): void {
    this.pixels = new Uint8Array(0);
  }
}

class DiskStore implements PixelStore {
  private open = true;

  constructor(
    private readonly file: number,
    private readonly count: number,
    private readonly imageBytes: number,
  ) {}

  readInto(positions: Uint32Array, out: Uint8Array): void {
    checkRange(positions, out, this.count, this.imageBytes);
    const size = this.imageBytes;
    // In the file's order, which spares a disk the seeking.
    const order = Uint32Array.from(positions.keys()).sort((a, b) => positions[a]! - positions[b]!);
    for (const i of order) readExactly(this.file, out, i * size, size, positions[i]! * size);
  }

  close(): void {
    if (this.open) closeSync(this.file);
    this.open = false;
  }
}

function checkRange(positions: Uint32Array, out: Uint8Array, count: number, imageBytes: number): void {
  if (out.length < positions.length * imageBytes) throw new RangeError("the target is too small for the images");
  for (const position of positions) {
    if (position >= count) throw new RangeError(`image ${position} of ${count}`);
  }
}

function readExactly(file: number, out: Uint8Array, offset: number, length: number, position: number): void {
  for (let done = 0; done < length; ) {
    const read = readSync(file, out, offset + done, Math.min(length - done, 2 ** 30), position + done);
    if (read === 0) {
      throw new UserError(
        "The image cache was cut short while in use. Run the command again: it will be rebuilt.",
        "failure",
      );
    }
    done += read;
  }
}
