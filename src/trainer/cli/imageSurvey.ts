/** A quick look at a folder of images: how many, how large, grey or coloured. Reads the headers of a sample only. */
import { readdir } from "node:fs/promises";
import { extname, join, sep } from "node:path";

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

const EXTENSIONS = new Set([".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"]);
const SAMPLE = 64;

/**
 * @param folder an existing folder
 * @returns null where there is no image whose header can be read
 */
export async function surveyImages(folder: string): Promise<ImageSurvey | null> {
  const entries = await readdir(folder, { recursive: true });
  const files = entries.filter((path) => EXTENSIONS.has(extname(path).toLowerCase())).sort();
  if (files.length === 0) return null;
  const { default: sharp } = await import("sharp");
  const shortSides: number[] = [];
  let coloured = 0;
  let transparent = 0;
  const take = Math.min(SAMPLE, files.length);
  for (let i = 0; i < take; i++) {
    const file = files[Math.floor((i * files.length) / take)]!;
    try {
      const header = await sharp(join(folder, file)).metadata();
      shortSides.push(Math.min(header.width, header.height));
      if (header.channels >= 3) coloured++;
      if (header.hasAlpha) transparent++;
    } catch {
      // Not readable by this library (a broken file, or a BMP): the others speak for the folder.
    }
  }
  if (shortSides.length === 0) return null;
  shortSides.sort((a, b) => a - b);
  const folders = new Set(files.filter((path) => path.includes(sep)).map((path) => path.slice(0, path.indexOf(sep))));
  return {
    count: files.length,
    sampled: shortSides.length,
    medianShortSide: shortSides[shortSides.length >> 1]!,
    grey: coloured === 0,
    transparent: transparent > 0,
    folders: [...folders].sort(),
  };
}
