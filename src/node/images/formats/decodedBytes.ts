/** How much memory an image takes while it is decoded, from its header: what is decoded at once is bounded by it. */
import { type ImageFormat, imageFormat } from "../imageFormat.ts";
import { readPngHeader } from "./pngHeader.ts";
import { readPnmHeader } from "./pnm.ts";
import { readTiffHeader } from "./tiffHeader.ts";

interface Size {
  readonly width: number;
  readonly height: number;
  /** default: 4, RGB with alpha */
  readonly bands?: number;
  /** default: 8 */
  readonly bits?: number;
}

/**
 * @param bytes the file's
 * @returns bytes of all its pixels; 0 where the header does not tell, and decoding it will fail soon
 */
export function decodedBytes(bytes: Buffer): number {
  const format = imageFormat(bytes);
  if (format === null) return 0;
  try {
    const size = SIZES[format](bytes);
    if (size === null) return 0;
    return size.width * size.height * Math.max(4, size.bands ?? 4) * ((size.bits ?? 8) > 8 ? 2 : 1);
  } catch {
    // Cut short within the header, or damaged there.
    return 0;
  }
}

const SIZES: Readonly<Record<ImageFormat, (bytes: Buffer) => Size | null>> = {
  PNG: (bytes) => {
    const header = readPngHeader(bytes);
    return header === null ? null : { ...header, bits: header.bitsPerSample };
  },
  JPEG: readJpegSize,
  WebP: readWebpSize,
  GIF: (bytes) => ({ width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }),
  BMP: (bytes) => {
    const old = bytes.readUInt32LE(14) === 12;
    return old
      ? { width: bytes.readUInt16LE(18), height: bytes.readUInt16LE(20) }
      : { width: Math.abs(bytes.readInt32LE(18)), height: Math.abs(bytes.readInt32LE(22)) };
  },
  TIFF: (bytes) => {
    const header = readTiffHeader(bytes);
    return header === null ? null : { ...header, bands: header.samplesPerPixel, bits: header.bitsPerSample };
  },
  AVIF: readAvifSize,
  PNM: (bytes) => {
    const header = readPnmHeader(bytes);
    return { ...header, bands: header.channels, bits: header.maximum > 255 ? 16 : 8 };
  },
};

/** The start of a frame says it (ITU T.81, B.2.2): C0 to CF without C4, C8 and CC. */
function readJpegSize(bytes: Buffer): Size | null {
  for (let at = 2; at + 9 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) at++;
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    } else at += 2 + bytes.readUInt16BE(at + 2);
  }
  return null;
}

/** RFC 9649: the extended, the lossless and the lossy format. */
function readWebpSize(bytes: Buffer): Size | null {
  switch (bytes.toString("latin1", 12, 16)) {
    case "VP8X":
      return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
    case "VP8L": {
      const packed = bytes.readUInt32LE(21);
      return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
    }
    case "VP8 ":
      return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
    default:
      return null;
  }
}

/** Where the properties of an AVIF's images are. */
const AVIF_HEADER_BYTES = 65_536;

/** The largest of the sizes that its images and tiles have ("ispe", ISO/IEC 23008-12); a grid names its own. */
function readAvifSize(bytes: Buffer): Size | null {
  const header = bytes.subarray(0, AVIF_HEADER_BYTES);
  let largest: Size | null = null;
  for (let at = header.indexOf("ispe"); at >= 0; at = header.indexOf("ispe", at + 4)) {
    const size = { width: header.readUInt32BE(at + 8), height: header.readUInt32BE(at + 12), bits: 12 };
    if (largest === null || size.width * size.height > largest.width * largest.height) largest = size;
  }
  return largest;
}
