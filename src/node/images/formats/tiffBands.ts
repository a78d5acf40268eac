/** What each band of a TIFF is: colour, alpha, or something else that no picture shows (TIFF 6.0, "ExtraSamples"). */
import { ImageContentError } from "./imageContentError.ts";
import type { TiffHeader } from "./tiffHeader.ts";

export interface TiffBands {
  /** Whether the bands are what the image library takes them for: colour, and behind it at most alpha. */
  readonly ordinary: boolean;
  /** position of alpha among the bands beyond the colour, from 0; null: none */
  readonly alpha: number | null;
  /** whether the three bands of colour are luma and two differences, which the image library leaves as they are */
  readonly ycbcr: boolean;
}

const PHOTOMETRIC = { whiteIsZero: 0, blackIsZero: 1, rgb: 2, palette: 3, separated: 5, ycbcr: 6, cielab: 8 } as const;
const COLOUR_BANDS: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3 };
const UNSUPPORTED: Readonly<Record<number, string>> = {
  4: "a transparency mask",
  9: "the colour space ICCLab",
  10: "the colour space ITULab",
  32803: "raw samples of a camera's sensor",
  32844: "the colour space LogL",
  32845: "the colour space LogLuv",
  34892: "raw samples of a camera's sensor",
};
const ALPHA = { associated: 1, unassociated: 2 } as const;
const UNSPECIFIED = 0;
/** Codes that are decoded to RGB whatever the photometric interpretation is: the two of JPEG. */
const JPEG_COMPRESSIONS = new Set([6, 7]);

/** @throws ImageContentError where nothing says how the bands make a picture, or they do it in a way that is not supported */
export function describeBands(header: TiffHeader): TiffBands {
  const { photometric, samplesPerPixel: bands } = header;
  const unsupported = photometric === null ? undefined : UNSUPPORTED[photometric];
  if (unsupported !== undefined)
    throw new ImageContentError(`${unsupported}, which is not supported; convert it to RGB`);
  const colours = photometric === null ? undefined : COLOUR_BANDS[photometric];
  if (photometric === null || colours === undefined) return { ordinary: true, alpha: null, ycbcr: false };
  if (bands < colours)
    throw new ImageContentError(`${bands} ${bands === 1 ? "band" : "bands"} where its colours need ${colours}`);
  if (photometric === PHOTOMETRIC.cielab && header.bitsPerSample === 8) {
    throw new ImageContentError("the colour space Lab with 8 bits, which is not supported; convert it to RGB");
  }
  const ycbcr = photometric === PHOTOMETRIC.ycbcr && !JPEG_COMPRESSIONS.has(header.compression);
  if (ycbcr && header.chromaSubsampling.some((factor) => factor !== 1)) {
    throw new ImageContentError("subsampled YCbCr without JPEG compression, which is not supported; convert it to RGB");
  }

  if (colours === 1 && bands > 1 && header.planar) {
    throw new ImageContentError(
      `${bands} bands in separate planes, which is supported for RGB only; store them interleaved`,
    );
  }

  const kinds = extraKinds(header, bands - colours);
  const alpha = kinds.findIndex((kind) => kind === ALPHA.associated || kind === ALPHA.unassociated);
  if (colours === 1 && kinds.length > 1 && alpha < 0) {
    throw new ImageContentError(
      `${bands} bands of which the file does not say what they are; write RGB, or one band, as a TIFF`,
    );
  }
  if (photometric === PHOTOMETRIC.separated && header.bitsPerSample === 16 && alpha >= 0) {
    throw new ImageContentError("CMYK of 16 bits with alpha, which is not supported; convert it to RGB");
  }
  const onlyAlpha = kinds.length === 0 || (kinds.length === 1 && alpha === 0);
  return { ordinary: onlyAlpha && !ycbcr, alpha: alpha < 0 ? null : alpha, ycbcr };
}

/** One more band without a word on it is alpha, as it is for Pillow; of several nothing is known. */
function extraKinds({ extraSamples }: TiffHeader, count: number): number[] {
  if (extraSamples.length === 0 && count === 1) return [ALPHA.unassociated];
  return Array.from({ length: count }, (_, i) => extraSamples[i] ?? UNSPECIFIED);
}
