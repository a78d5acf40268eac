/** Pictures of many images: a grid as PNG. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { replaceFile } from "../../node/run/files.ts";

export interface GridImages {
  /** values in [-1, 1], [count, H, W, C]; what lies outside is cut off, what is no number is drawn as 0 */
  readonly images: Float32Array;
  readonly count: number;
  /** H = W, pixels */
  readonly imageSize: number;
  /** C, 1 or 3 */
  readonly channels: number;
}

export interface GridOptions {
  /** images in a row; default: as square as it gets */
  readonly columns?: number;
  /** every pixel becomes scale x scale; default: images of about 64 pixels */
  readonly scale?: number;
  /** width of the lines between images and around them, in pixels of the picture */
  readonly separator?: number;
  /** grey value of the lines and of places without an image, 0 to 255 */
  readonly separatorGrey?: number;
}

/** 8-bit pixels, [height, width, channels]. */
export interface Picture {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

const COMFORTABLE_SIDE = 64;

/** Lays images out row by row. */
export function gridPicture(source: GridImages, options: GridOptions = {}): Picture {
  const { images, count, imageSize, channels } = source;
  const columns = options.columns ?? Math.max(1, Math.ceil(Math.sqrt(count)));
  const rows = Math.max(1, Math.ceil(count / columns));
  const scale = options.scale ?? Math.max(1, Math.floor(COMFORTABLE_SIDE / imageSize));
  const gap = options.separator ?? 2;
  const pitch = imageSize * scale + gap;
  const width = columns * pitch + gap;
  const height = rows * pitch + gap;
  const data = new Uint8ClampedArray(width * height * channels).fill(options.separatorGrey ?? 128);
  const rowElements = imageSize * channels;
  for (let image = 0; image < count; image++) {
    const top = gap + Math.floor(image / columns) * pitch;
    const left = gap + (image % columns) * pitch;
    for (let y = 0; y < imageSize * scale; y++) {
      const from = (image * imageSize + Math.floor(y / scale)) * rowElements;
      let to = ((top + y) * width + left) * channels;
      for (let x = 0; x < imageSize * scale; x++) {
        const pixel = from + Math.floor(x / scale) * channels;
        // Clamped arrays round, cut off at 0 and 255 and take NaN as 0.
        for (let c = 0; c < channels; c++) data[to++] = (images[pixel + c]! + 1) * 127.5;
      }
    }
  }
  return { data, width, height, channels };
}

/** Encodes a picture as PNG. */
export async function encodePng({ data, width, height, channels }: Picture): Promise<Buffer> {
  const { default: sharp } = await import("sharp");
  const raw = { width, height, channels: channels === 1 ? 1 : 3 } as const;
  const image = sharp(data, { raw }).toColourspace(channels === 1 ? "b-w" : "srgb");
  return image.png({ compressionLevel: 9 }).toBuffer();
}

/**
 * Writes a grid as PNG, in one piece: a reader sees the old file or the new one. Missing folders are made.
 * @throws UserError where the disk refuses
 */
export async function writeImageGrid(path: string, source: GridImages, options: GridOptions = {}): Promise<void> {
  const png = await encodePng(gridPicture(source, options));
  mkdirSync(dirname(path), { recursive: true });
  replaceFile(path, png, false);
}
