/** A quick look at a folder of images: how many, how large, grey or coloured. Reads the headers of a sample, and few of its pixels. */
import { open, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type Sharp from "sharp";
import { compareBytes } from "../data/compareBytes.ts";
import { findImages } from "../data/findImages.ts";
import { imageFormat } from "../data/imageFormat.ts";
import { isGrey } from "../data/isGrey.ts";
import { readPnmHeader } from "../data/pnm.ts";

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
  /** whether it has room for colours; the pixels may still be grey */
  readonly coloured: boolean;
  readonly transparent: boolean;
}

const SAMPLE = 64;
/** Images of room for colours that are decoded, as long as they hold none. */
const DECODED_SAMPLE = 16;
/** Side of the square that they are decoded to; as small as shows whether there are colours. */
const DECODED_SIZE = 32;

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
  const coloured: string[] = [];
  for (let i = 0; i < take; i++) {
    const { path } = images[Math.floor((i * images.length) / take)]!;
    // A broken image says nothing; the others speak for the folder.
    const header = await readHeader(join(folder, path), sharp).catch(() => null);
    if (header === null) continue;
    headers.push(header);
    if (header.coloured) coloured.push(join(folder, path));
  }
  if (headers.length === 0) return null;
  const shortSides = headers.map(({ width, height }) => Math.min(width, height)).sort((a, b) => a - b);
  const folders = images.filter(({ path }) => path.includes("/")).map(({ path }) => path.slice(0, path.indexOf("/")));
  return {
    count: images.length,
    sampled: headers.length,
    medianShortSide: shortSides[shortSides.length >> 1]!,
    grey: await holdOnlyGrey(coloured),
    transparent: headers.some((header) => header.transparent),
    folders: [...new Set(folders)].sort(compareBytes),
  };
}

async function holdOnlyGrey(files: readonly string[]): Promise<boolean> {
  const { decodeImage } = await import("../data/decodeImage.ts");
  const settings = { imageSize: DECODED_SIZE, channels: 3, background: "#ffffff" } as const;
  const take = Math.min(DECODED_SAMPLE, files.length);
  for (let i = 0; i < take; i++) {
    const bytes = await readFile(files[Math.floor((i * files.length) / take)]!);
    // Of one that cannot be decoded it stays open whether it has colours.
    const grey = await decodeImage(bytes, settings).then(isGrey, () => false);
    if (!grey) return false;
  }
  return true;
}

async function readHeader(file: string, sharp: typeof Sharp): Promise<ImageHeader> {
  const own = await readOwnHeader(file);
  if (own !== null) return own;
  const { width, height, channels, hasAlpha } = await sharp(file).metadata();
  return { width, height, coloured: channels >= 3, transparent: hasAlpha };
}

/** A longer header of a PNM has more comment than can be meant. */
const HEAD_BYTES = 4096;

/** The size of a format that the image library does not read; null for another one. */
async function readOwnHeader(file: string): Promise<ImageHeader | null> {
  const handle = await open(file);
  let head: Buffer;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    head = buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
  const format = imageFormat(head);
  if (format === "PNM") {
    const { width, height, channels } = readPnmHeader(head);
    return { width, height, coloured: channels >= 3, transparent: channels % 2 === 0 };
  }
  if (format !== "BMP") return null;
  // The oldest header, of 12 bytes, has 16-bit sides; the later ones 32-bit, the height negative where rows run downwards.
  const old = head.readUInt32LE(14) === 12;
  const width = old ? head.readUInt16LE(18) : head.readInt32LE(18);
  const height = old ? head.readUInt16LE(20) : Math.abs(head.readInt32LE(22));
  return { width, height, coloured: true, transparent: false };
}
