/** A quick look at a folder of images: how many, how large, grey or coloured. Reads the headers of a sample only. */
import { open } from "node:fs/promises";
import { join, resolve } from "node:path";
import type Sharp from "sharp";
import { compareBytes } from "../../core/compareBytes.ts";
import { findImages } from "../data/findImages.ts";
import { imageFormat } from "../data/imageFormat.ts";

export interface ImageSurvey {
  /** files that look like images by their name */
  readonly count: number;
  /** files whose header was read */
  readonly sampled: number;
  /** of the sampled images, in pixels */
  readonly medianShortSide: number;
  /** whether no sampled image has colour */
  readonly grey: boolean;
  /** whether some sampled image is transparent */
  readonly transparent: boolean;
  /** first-level sub-folders that hold images, in byte order */
  readonly folders: readonly string[];
}

interface ImageHeader {
  readonly width: number;
  readonly height: number;
  readonly coloured: boolean;
  readonly transparent: boolean;
}

const SAMPLE = 64;

/**
 * @param folder an existing folder
 * @returns null where there is no image whose header can be read
 * @throws UserError where a folder below cannot be read
 */
export async function surveyImages(folder: string): Promise<ImageSurvey | null> {
  const { images } = await findImages(resolve(folder));
  const { default: sharp } = await import("sharp");
  const take = Math.min(SAMPLE, images.length);
  const headers: ImageHeader[] = [];
  for (let i = 0; i < take; i++) {
    const { path } = images[Math.floor((i * images.length) / take)]!;
    // A broken image says nothing; the others speak for the folder.
    const header = await readHeader(join(folder, path), sharp).catch(() => null);
    if (header !== null) headers.push(header);
  }
  if (headers.length === 0) return null;
  const shortSides = headers.map(({ width, height }) => Math.min(width, height)).sort((a, b) => a - b);
  const folders = images.filter(({ path }) => path.includes("/")).map(({ path }) => path.slice(0, path.indexOf("/")));
  return {
    count: images.length,
    sampled: headers.length,
    medianShortSide: shortSides[shortSides.length >> 1]!,
    grey: !headers.some((header) => header.coloured),
    transparent: headers.some((header) => header.transparent),
    folders: [...new Set(folders)].sort(compareBytes),
  };
}

async function readHeader(file: string, sharp: typeof Sharp): Promise<ImageHeader> {
  const bitmap = await readBitmapHeader(file);
  if (bitmap !== null) return bitmap;
  const { width, height, channels, hasAlpha } = await sharp(file).metadata();
  return { width, height, coloured: channels >= 3, transparent: hasAlpha };
}

/** A BMP's size from its first bytes, since the image library reads none; null for another format. */
async function readBitmapHeader(file: string): Promise<ImageHeader | null> {
  const head = Buffer.alloc(26);
  const handle = await open(file);
  try {
    await handle.read(head, 0, head.length, 0);
  } finally {
    await handle.close();
  }
  if (imageFormat(head) !== "BMP") return null;
  // The oldest header, of 12 bytes, has 16-bit sides; the later ones 32-bit, the height negative where rows run downwards.
  const old = head.readUInt32LE(14) === 12;
  const width = old ? head.readUInt16LE(18) : head.readInt32LE(18);
  const height = old ? head.readUInt16LE(20) : Math.abs(head.readInt32LE(22));
  return { width, height, coloured: true, transparent: false };
}
