/** The pixels of images, asked for once and kept while their data set is the one shown. */

/** Kept at most; the images looked at longest ago go first. */
const MAX_BYTES = 192 * 2 ** 20;

export interface StoredImage {
  /** relative to the data folder */
  readonly path: string;
  /** null: it has none */
  readonly className: string | null;
  /** uint8 [H, W, C] */
  readonly pixels: Uint8Array;
}

export interface ImageBatch {
  readonly paths: readonly string[];
  readonly classes: readonly (string | null)[];
  readonly pixels: Uint8Array;
}

export class PixelStore {
  private key = "";
  private imageBytes = 1;
  private readonly images = new Map<number, StoredImage>();
  private readonly asked = new Set<number>();

  /**
   * @param read asks for images, at most MAX_SHOWN_IMAGES at once
   * @param arrived called when images came that were asked for
   * @param failed called with one line for people
   */
  constructor(
    private readonly read: (indices: number[]) => Promise<ImageBatch>,
    private readonly arrived: () => void,
    private readonly failed: (error: string) => void,
  ) {}

  /** Shows another data set from now on. */
  use(key: string, imageBytes: number): void {
    if (key === this.key) return;
    this.key = key;
    this.imageBytes = imageBytes;
    this.images.clear();
    this.asked.clear();
  }

  get(index: number): StoredImage | undefined {
    const image = this.images.get(index);
    if (image !== undefined) {
      this.images.delete(index);
      this.images.set(index, image);
    }
    return image;
  }

  /** Asks for those that are not here. @returns whether all are */
  want(indices: Iterable<number>): boolean {
    const distinct = new Set(indices);
    const missing = [...distinct].filter((index) => !this.images.has(index));
    const news = missing.filter((index) => !this.asked.has(index));
    if (news.length > 0) void this.load(this.key, news);
    return missing.length === 0;
  }

  private async load(key: string, indices: number[]): Promise<void> {
    for (const index of indices) this.asked.add(index);
    try {
      const { paths, classes, pixels } = await this.read(indices);
      if (key !== this.key) return;
      indices.forEach((index, i) => {
        const image = pixels.subarray(i * this.imageBytes, (i + 1) * this.imageBytes);
        this.images.set(index, { path: paths[i] ?? "", className: classes[i] ?? null, pixels: image });
      });
      this.trim(indices.length);
      this.arrived();
    } catch (error) {
      if (key === this.key) this.failed(error instanceof Error ? error.message : String(error));
    } finally {
      if (key === this.key) for (const index of indices) this.asked.delete(index);
    }
  }

  private trim(fresh: number): void {
    const most = Math.max(fresh * 2, Math.floor(MAX_BYTES / this.imageBytes));
    for (const index of this.images.keys()) {
      if (this.images.size <= most) return;
      this.images.delete(index);
    }
  }
}
