/** What a PNG says of itself before its pixels (ISO/IEC 15948). */

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  /** grey, neither colours nor a palette, with an alpha channel or one grey that stands for transparency */
  readonly transparentGrey: boolean;
}

const SIGNATURE_BYTES = 8;
const IHDR = { width: 16, height: 20, bitDepth: 24, colourType: 25, end: 33 } as const;
const COLOUR_TYPE = { grey: 0, greyWithAlpha: 4 } as const;

/** @returns null where the file is cut short within the header */
export function readPngHeader(bytes: Buffer): PngHeader | null {
  if (bytes.length < IHDR.end) return null;
  const type = bytes[IHDR.colourType]!;
  return {
    width: bytes.readUInt32BE(IHDR.width),
    height: bytes.readUInt32BE(IHDR.height),
    bitsPerSample: bytes[IHDR.bitDepth]!,
    transparentGrey:
      type === COLOUR_TYPE.greyWithAlpha || (type === COLOUR_TYPE.grey && hasChunkBeforePixels(bytes, "tRNS")),
  };
}

function hasChunkBeforePixels(bytes: Buffer, wanted: string): boolean {
  for (let at = SIGNATURE_BYTES; at + 8 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const name = bytes.toString("latin1", at + 4, at + 8);
    if (name === wanted) return true;
    if (name === "IDAT") return false;
  }
  return false;
}
