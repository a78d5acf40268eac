/** One image file's bytes to the pixels the model trains on. */
import sharp, { type Sharp } from "sharp";
import { foreignContentReason, type ImageFormat, imageFormat } from "../../node/images/imageFormat.ts";
import { decodeBmp } from "./bmp.ts";

/** Everything that decides which pixels an image becomes. */
export interface PixelSettings {
  /** side of the square, in pixels */
  readonly imageSize: number;
  readonly channels: 1 | 3;
  /** #rrggbb that transparent images are composited on */
  readonly background: string;
}

/** An image that cannot be used; the message is the reason, for the user. */
export class BrokenImageError extends Error {
  override readonly name = "BrokenImageError";
}

/** Larger images are refused: decoded they would take more than 1 GiB. */
const MAX_PIXELS = 2 ** 28;

/** Longer sides are refused: only PNG, BMP and TIFF have them, and hardly ever on purpose. */
const MAX_SIDE = 65_535;
/** Where a PNG's header has width, height and bits per channel. */
const PNG_HEADER = { width: 16, height: 20, bitDepth: 24, end: 25 } as const;

// Every image is decoded once, so libvips has nothing to gain from its cache; and images are decoded several at a time, which
// serves better than several threads for one.
sharp.cache(false);
sharp.concurrency(1);

/** Names the decoder in cache keys: another version may round differently. */
export const DECODER_VERSION = `sharp ${sharp.versions.sharp ?? "?"}, libvips ${sharp.versions.vips}`;

/**
 * Decodes an image (of an animation or a book of pages the first), honours its EXIF rotation, converts it to 8-bit sRGB,
 * composites it on the background, resizes the short side to `imageSize` with Lanczos 3 and crops the middle.
 * @returns uint8 [H, W, C]; one channel is the luma of Rec. 601
 * @throws BrokenImageError with the reason
 */
export async function decodeImage(bytes: Buffer, settings: PixelSettings): Promise<Uint8Array> {
  const format = imageFormat(bytes);
  if (format === null) throw new BrokenImageError(foreignContentReason(bytes));
  try {
    const image = format === "BMP" ? bitmapToSharp(bytes) : await openImage(bytes, format);
    const { data, info } = await image
      .autoOrient()
      .flatten({ background: settings.background })
      .resize(settings.imageSize, settings.imageSize, {
        fit: "cover",
        position: "centre",
        kernel: "lanczos3",
        fastShrinkOnLoad: false,
      })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return toChannels(data, info.channels, settings);
  } catch (error) {
    throw new BrokenImageError(reason(format, error));
  }
}

async function openImage(bytes: Buffer, format: ImageFormat): Promise<Sharp> {
  // Truncated files fail, harmless oddities such as unknown TIFF tags do not.
  const image = sharp(bytes, { failOn: "error", limitInputPixels: MAX_PIXELS, pages: 1 });
  if (format === "PNG" && bytes.length >= PNG_HEADER.end) {
    checkSides(bytes.readUInt32BE(PNG_HEADER.width), bytes.readUInt32BE(PNG_HEADER.height));
    return bytes[PNG_HEADER.bitDepth] === 16 ? toEightBit(image) : image;
  }
  if (format !== "TIFF") return image;
  const { depth, width, height } = await image.metadata();
  checkSides(width, height);
  if (depth !== "uchar" && depth !== "ushort") {
    throw new Error(`samples of type ${depth} are not supported, convert it to 8 or 16 bits per channel`);
  }
  return depth === "ushort" ? toEightBit(image) : image;
}

/** Down to 8 bits before anything else: composited with 16, a white background would come out as 254. */
async function toEightBit(image: Sharp): Promise<Sharp> {
  const { data, info } = await image
    .autoOrient()
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  return sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
}

function checkSides(width: number, height: number): void {
  if (Math.max(width, height) <= MAX_SIDE || width * height > MAX_PIXELS) return;
  throw new Error(`${width} x ${height} pixels: sides may have up to ${MAX_SIDE}`);
}

function bitmapToSharp(bytes: Buffer): Sharp {
  const { width, height, data } = decodeBmp(bytes, MAX_PIXELS);
  checkSides(width, height);
  return sharp(data, { raw: { width, height, channels: 4 } });
}

function toChannels(data: Buffer, found: number, settings: PixelSettings): Uint8Array {
  const pixels = settings.imageSize * settings.imageSize;
  if (data.length !== pixels * found || (found !== 1 && found !== 3)) {
    throw new Error(`decoded to ${found} channels and ${data.length} bytes`);
  }
  if (found === settings.channels) return data;
  const out = new Uint8Array(pixels * settings.channels);
  for (let i = 0; i < pixels; i++) {
    if (found === 1) out.fill(data[i]!, 3 * i, 3 * i + 3);
    // Rec. 601 in 16-bit fixed point; the weights add up to 65536, so that a grey stays itself.
    else out[i] = (19595 * data[3 * i]! + 38470 * data[3 * i + 1]! + 7471 * data[3 * i + 2]! + 32768) >> 16;
  }
  return out;
}

function reason(format: ImageFormat, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const detail = message.split("\n", 1)[0]!.trim();
  if (/exceeds pixel limit/i.test(detail))
    return `a ${format} of more than ${Math.floor(MAX_PIXELS / 1e6)} million pixels`;
  return `a damaged, cut short or unsupported ${format} (${detail})`;
}
