/** Images to test measures with, cut to one size, each of a kind: its folder, or the photograph that it is a piece of. */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import sharp from "sharp";

export const SIDE = 64;
export const IMAGE_BYTES = SIDE * SIDE * 3;

export interface Picture {
  /** uint8 [SIDE, SIDE, 3] */
  readonly pixels: Uint8Array;
  readonly kind: string;
}

const PICTURE = /\.(png|jpe?g)$/i;

function picturesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => PICTURE.test(name)).sort();
}

/** Every file an image; its folder is its kind. */
export async function wholeImages(folder: string): Promise<Picture[]> {
  const pictures: Picture[] = [];
  for (const name of picturesIn(folder)) {
    const image = sharp(join(folder, name)).flatten({ background: "#fff" }).resize(SIDE, SIDE, { fit: "cover" });
    const pixels = await image.toColourspace("srgb").raw().toBuffer();
    // A copy: the slices of a Buffer, unlike those of an array, are the Buffer itself.
    pictures.push({ pixels: new Uint8Array(pixels), kind: dirname(name) });
  }
  return pictures;
}

/** Height that a photograph is brought to before it is cut. */
const PHOTO_HEIGHT = 8 * SIDE;

/** Every file cut into squares side by side; the file is their kind. */
export async function pieces(folder: string): Promise<Picture[]> {
  const pictures: Picture[] = [];
  for (const name of picturesIn(folder)) {
    const photo = sharp(join(folder, name)).resize({ height: PHOTO_HEIGHT }).removeAlpha().toColourspace("srgb");
    const { data, info } = await photo.raw().toBuffer({ resolveWithObject: true });
    for (let top = 0; top + SIDE <= info.height; top += SIDE) {
      for (let left = 0; left + SIDE <= info.width; left += SIDE) {
        const pixels = new Uint8Array(IMAGE_BYTES);
        for (let y = 0; y < SIDE; y++) {
          const start = ((top + y) * info.width + left) * 3;
          pixels.set(data.subarray(start, start + SIDE * 3), y * SIDE * 3);
        }
        pictures.push({ pixels, kind: name });
      }
    }
  }
  return pictures;
}
