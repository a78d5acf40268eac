/** The images of a cache's manifest, as columns. */
import type { ImageFile } from "./imageFiles.ts";
import type { CacheManifest } from "./pixelCache.ts";
import { DigestColumn } from "./pixelDigest.ts";

/** Gathers the columns of a manifest, image by image. */
export class ImageColumns {
  private readonly images: ImageFile[] = [];
  private readonly contents: Buffer[] = [];
  private readonly pixels: Buffer[] = [];
  private readonly oldContents: DigestColumn;
  private readonly oldPixels: DigestColumn;

  /** @param old of the cache that images may be kept from */
  constructor(old: CacheManifest["images"] | undefined) {
    this.oldContents = DigestColumn.fromText(old?.contents ?? "");
    this.oldPixels = DigestColumn.fromText(old?.pixels ?? "");
  }

  add(image: ImageFile, content: Buffer, pixels: Buffer): void {
    this.images.push(image);
    this.contents.push(content);
    this.pixels.push(pixels);
  }

  /** @param position in the old cache */
  keep(image: ImageFile, position: number): void {
    this.add(image, this.oldContents.at(position), this.oldPixels.at(position));
  }

  toManifest(): CacheManifest["images"] {
    return {
      paths: this.images.map(({ path }) => path),
      sizes: this.images.map(({ size }) => size),
      modified: this.images.map(({ modified }) => modified),
      changed: this.images.map(({ changed }) => changed),
      inodes: this.images.map(({ inode }) => inode),
      contents: Buffer.concat(this.contents).toString("base64"),
      pixels: Buffer.concat(this.pixels).toString("base64"),
    };
  }
}
