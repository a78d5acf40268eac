/** A quick look at the images of a folder or an archive: how many, how large, grey or coloured. Reads the headers of a sample, and few of its pixels. */
import type Sharp from "sharp";
import { compareBytes } from "../../core/compareBytes.ts";
import { leftOutText } from "../../core/images/fileKinds.ts";
import type { ImageSurvey } from "../../core/images/survey.ts";
import { findImages } from "../../node/images/findImages.ts";
import { readPnmHeader } from "../../node/images/formats/pnm.ts";
import { imageFormat } from "../../node/images/imageFormat.ts";
import type { ImageSource } from "../../node/images/imageSource.ts";
import { unreadableFolder } from "../data/imageFiles.ts";
import { isGrey } from "../data/isGrey.ts";

/** What a folder or an archive holds. */
export interface SurveyedImages {
  /** null where there is no image whose header can be read */
  readonly survey: ImageSurvey | null;
  /** what lies there and is not read, for people; a line each */
  readonly notes: readonly string[];
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

/** @param source is closed */
export async function surveySource(source: ImageSource): Promise<SurveyedImages> {
  try {
    const found = await findImages(source, []);
    const notes = [leftOutText(found.leftOut), unreadableFolder(source.path, found, [])];
    return {
      survey: await surveyImages(source, found.images.sort(compareBytes)),
      notes: notes.filter((note) => note !== null),
    };
  } finally {
    source.close();
  }
}

async function surveyImages(source: ImageSource, images: readonly string[]): Promise<ImageSurvey | null> {
  const { default: sharp } = await import("sharp");
  const take = Math.min(SAMPLE, images.length);
  const headers: ImageHeader[] = [];
  const coloured: string[] = [];
  for (let i = 0; i < take; i++) {
    const path = images[Math.floor((i * images.length) / take)]!;
    // A broken image says nothing; the others speak for the folder.
    const header = await readHeader(source, path, sharp).catch(() => null);
    if (header === null) continue;
    headers.push(header);
    if (header.coloured) coloured.push(path);
  }
  if (headers.length === 0) return null;
  const shortSides = headers.map(({ width, height }) => Math.min(width, height)).sort((a, b) => a - b);
  const classes = images.map((path) => source.classOf(path)).filter((name) => name !== null);
  return {
    count: images.length,
    sampled: headers.length,
    medianShortSide: shortSides[shortSides.length >> 1]!,
    grey: await holdOnlyGrey(source, coloured),
    transparent: headers.some((header) => header.transparent),
    folders: [...new Set(classes)].sort(compareBytes),
  };
}

async function holdOnlyGrey(source: ImageSource, paths: readonly string[]): Promise<boolean> {
  const { decodeImage } = await import("../data/decodeImage.ts");
  const settings = { imageSize: DECODED_SIZE, channels: 3, background: "#ffffff" } as const;
  const take = Math.min(DECODED_SAMPLE, paths.length);
  for (let i = 0; i < take; i++) {
    const bytes = await source.read(paths[Math.floor((i * paths.length) / take)]!);
    // Of one that cannot be decoded it stays open whether it has colours.
    const grey = await decodeImage(bytes, settings).then(isGrey, () => false);
    if (!grey) return false;
  }
  return true;
}

/** A longer header of a PNM has more comment than can be meant. */
const HEADER_BYTES = 4096;

async function readHeader(source: ImageSource, path: string, sharp: typeof Sharp): Promise<ImageHeader> {
  const head = await source.head(path, HEADER_BYTES);
  const format = imageFormat(head);
  // The image library reads neither of these.
  if (format === "BMP") return bitmapHeader(head);
  if (format === "PNM") {
    const { width, height, channels } = readPnmHeader(head);
    return { width, height, coloured: channels >= 3, transparent: channels % 2 === 0 };
  }
  const { width, height, channels, hasAlpha } = await sharp(await source.read(path)).metadata();
  return { width, height, coloured: channels >= 3, transparent: hasAlpha };
}

function bitmapHeader(head: Buffer): ImageHeader {
  // The oldest header, of 12 bytes, has 16-bit sides; the later ones 32-bit, the height negative where rows run downwards.
  const old = head.readUInt32LE(14) === 12;
  const width = old ? head.readUInt16LE(18) : head.readInt32LE(18);
  const height = old ? head.readUInt16LE(20) : Math.abs(head.readInt32LE(22));
  return { width, height, coloured: true, transparent: false };
}
