/** One image file's bytes to the pixels the model trains on. */
import sharp, { type Sharp } from "sharp";
import { luma } from "../../core/images/colours.ts";
import { decodeBmp } from "../../node/images/formats/bmp.ts";
import { ImageContentError } from "../../node/images/formats/imageContentError.ts";
import { readPngHeader } from "../../node/images/formats/pngHeader.ts";
import { decodePnm } from "../../node/images/formats/pnm.ts";
import { readTiffHeader, type TiffHeader } from "../../node/images/formats/tiffHeader.ts";
import { foreignContentReason, type ImageFormat, imageFormat } from "../../node/images/imageFormat.ts";
import { openTiff } from "./openTiff.ts";
import { asSrgb, fromBands, type OpenImage } from "./srgb.ts";

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

  /**
   * @param certain what of the reason is true in any case. The image library keeps its messages in one place for all threads: where
   * several images are decoded at once, they may be those of another image.
   */
  constructor(
    reason: string,
    readonly certain: string = reason,
  ) {
    super(reason);
  }
}

/** Larger images are refused: decoded they would take more than 1 GiB. */
const MAX_PIXELS = 2 ** 28;

/** Longer sides are refused: only PNG, BMP and TIFF have them, and hardly ever on purpose. */
const MAX_SIDE = 65_535;
/** Bands of a TIFF, most of them left out; more are data of another kind. */
const MAX_BANDS = 64;

// Every image is decoded once, so libvips has nothing to gain from its cache; and images are decoded several at a time, which
// serves better than several threads for one.
sharp.cache(false);
sharp.concurrency(1);

/** Counts the changes here that give some image other pixels. */
const RULES_VERSION = 2;

/** Names the decoder in cache keys: another version may round differently. */
export const DECODER_VERSION = `rules ${RULES_VERSION}, sharp ${sharp.versions.sharp ?? "?"}, libvips ${sharp.versions.vips}`;

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
    const image = await openImage(bytes, format);
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
    throw brokenBy(error, format);
  }
}

async function openImage(bytes: Buffer, format: ImageFormat): Promise<Sharp> {
  if (format === "BMP") return fromBands({ channels: 4, ...checked(decodeBmp(bytes, MAX_PIXELS)) });
  if (format === "PNM") return fromBands(checked(decodePnm(bytes, MAX_PIXELS)));
  // Truncated files fail, harmless oddities such as unknown TIFF tags do not.
  const open: OpenImage = (options) =>
    sharp(bytes, {
      failOn: "error",
      limitInputPixels: MAX_PIXELS,
      limitInputChannels: MAX_BANDS,
      pages: 1,
      ...options,
    });
  if (format === "TIFF") {
    const header = readTiffHeader(bytes);
    if (header !== null) checkBands(checked(header));
    return openTiff(header, open);
  }
  if (format === "AVIF") return asSrgb(open);
  if (format !== "PNG") return open();
  const header = readPngHeader(bytes);
  if (header === null) return open();
  checked(header);
  return header.bitsPerSample === 16 || header.transparentGrey ? asSrgb(open) : open();
}

/** @returns its argument */
function checked<Sized extends { readonly width: number; readonly height: number }>(image: Sized): Sized {
  const { width, height } = image;
  if (Math.max(width, height) > MAX_SIDE && width * height <= MAX_PIXELS) {
    throw new ImageContentError(`${width} x ${height} pixels: sides may have up to ${MAX_SIDE}`);
  }
  return image;
}

function checkBands({ width, height, samplesPerPixel }: TiffHeader): void {
  if (width * height * samplesPerPixel <= 4 * MAX_PIXELS) return;
  throw new ImageContentError(`${width} x ${height} pixels of ${samplesPerPixel} bands are too many`);
}

function toChannels(data: Buffer, found: number, settings: PixelSettings): Uint8Array {
  const pixels = settings.imageSize * settings.imageSize;
  if (data.length !== pixels * found || (found !== 1 && found !== 3)) {
    throw new ImageContentError(`decoded to ${found} channels and ${data.length} bytes`);
  }
  if (found === settings.channels) return data;
  const out = new Uint8Array(pixels * settings.channels);
  for (let i = 0; i < pixels; i++) {
    if (found === 1) out.fill(data[i]!, 3 * i, 3 * i + 3);
    else out[i] = luma(data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!);
  }
  return out;
}

function brokenBy(error: unknown, format: ImageFormat): BrokenImageError {
  const message = error instanceof Error ? error.message : String(error);
  const detail = message.split("\n", 1)[0]!.trim();
  if (/exceeds pixel limit/i.test(detail)) {
    return new BrokenImageError(`a ${format} of more than ${Math.floor(MAX_PIXELS / 1e6)} million pixels`);
  }
  const certain = `a damaged, cut short or unsupported ${format}`;
  const reason = `${certain} (${detail})`;
  return new BrokenImageError(reason, error instanceof ImageContentError ? reason : certain);
}
