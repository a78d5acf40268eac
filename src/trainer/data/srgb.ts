/**
 * Brings what the image library opened to sRGB of 8 bits. For most images it does so by itself; here is what it would get wrong:
 * 16-bit samples under a profile, which it leaves in Display P3, and grey with alpha, which it composites on grey alone.
 */
import sharp, { type Metadata, type Sharp } from "sharp";
import type { Bands } from "../../node/images/formats/bands.ts";
import { isUsableProfile } from "../../node/images/formats/iccProfile.ts";
import { ImageContentError } from "../../node/images/formats/imageContentError.ts";

/** CIELAB in 16 bits: of the images with signed samples the only ones whose range is known. */
const LAB = "labs";

/** Opens the image anew, as each reading of it needs. */
export type OpenImage = (options?: { readonly ignoreIcc: boolean }) => Sharp;

/**
 * @returns an image that ends as sRGB of 8 bits where it is composited and resized next
 * @throws ImageContentError where its samples are of a type that is not supported
 */
export async function asSrgb(open: OpenImage): Promise<Sharp> {
  const metadata = await open().metadata();
  requireIntegers(metadata);
  if (metadata.space === LAB) return toSrgb(open());
  if (!hasUsableProfile(metadata)) return isWide(metadata) || isGreyWithAlpha(metadata) ? toSrgb(open()) : open();
  return isWide(metadata) ? fromBands(await wideRgbBands(open, metadata)) : open();
}

/**
 * The samples of all bands with the colour made RGB, upright.
 * @returns 3 bands of sRGB and then the further bands of the image as they are
 * @throws ImageContentError where its samples are of a type that is not supported
 */
export async function rgbBands(open: OpenImage): Promise<Bands> {
  const metadata = await open().metadata();
  requireIntegers(metadata);
  if (isWide(metadata) && hasUsableProfile(metadata)) return wideRgbBands(open, metadata);
  // Ink is converted by its profile or a usual one, whatever is asked for.
  const image = hasUsableProfile(metadata) || metadata.space === "cmyk" ? open() : toSrgb(open());
  const { data, info } = await image
    .autoOrient()
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data };
}

/** @param bands grey, grey with alpha, RGB or RGB with alpha */
export function fromBands({ width, height, channels, data }: Bands): Sharp {
  if (channels < 1 || channels > 4) throw new ImageContentError(`${channels} bands`);
  return toSrgb(sharp(data, { raw: { width, height, channels: channels as 1 | 2 | 3 | 4 } }));
}

/** Converts before anything else: composited with 16 bits a white background would be 254, and with one band it would be grey. */
function toSrgb(image: Sharp): Sharp {
  return image.pipelineColourspace("srgb");
}

/** The profile is applied to all 16 bits, and straight to sRGB, where it is left alone at the input and the output asks for sRGB. */
async function wideRgbBands(open: OpenImage, { space }: Metadata): Promise<Bands> {
  const { data, info } = await open({ ignoreIcc: true })
    .autoOrient()
    .toColourspace(space === "grey16" ? "grey16" : "rgb16")
    .withIccProfile("srgb", { attach: false })
    .raw({ depth: "ushort" })
    .toBuffer({ resolveWithObject: true });
  const samples = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  return { width: info.width, height: info.height, channels: info.channels, data: samples };
}

function requireIntegers({ depth, space }: Metadata): void {
  if (depth === "uchar" || depth === "ushort" || space === LAB) return;
  throw new ImageContentError(`samples of type ${depth} are not supported, convert it to 8 or 16 bits per channel`);
}

function hasUsableProfile({ icc, space }: Metadata): boolean {
  return icc !== undefined && isUsableProfile(icc, space);
}

/** Ink has 16 bits too, but is always converted to 8. */
function isWide({ space }: Metadata): boolean {
  return space === "rgb16" || space === "grey16";
}

function isGreyWithAlpha({ space, channels }: Metadata): boolean {
  return space === "b-w" && channels > 1;
}
