/**
 * Windows and OS/2 bitmaps, which libvips does not read: 1, 2, 4, 8, 16, 24 and 32 bits, RLE4 and RLE8, bit fields with or
 * without alpha, bottom-up and top-down.
 */
import { ImageContentError } from "./imageContentError.ts";

export interface Bitmap {
  readonly width: number;
  readonly height: number;
  /** RGBA, 4 bytes per pixel, top row first */
  readonly data: Uint8Array;
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** where the colour table starts */
  readonly paletteOffset: number;
  readonly paletteEntryBytes: 3 | 4;
  readonly colours: number;
  readonly pixelOffset: number;
  /** red, green, blue, alpha */
  readonly masks: readonly [number, number, number, number];
}

const COMPRESSION = { none: 0, rle8: 1, rle4: 2, bitFields: 3, alphaBitFields: 6 } as const;

/**
 * @param maxPixels images with more are refused before memory is taken for them
 * @throws ImageContentError with a short reason where the file is damaged, cut short or of an unknown kind
 */
export function decodeBmp(bytes: Buffer, maxPixels: number): Bitmap {
  const header = readHeader(bytes);
  const { width, height } = header;
  if (width * height > maxPixels) throw new ImageContentError(`${width} x ${height} exceeds pixel limit`);
  const rle = header.compression === COMPRESSION.rle8 || header.compression === COMPRESSION.rle4;
  const stride = Math.ceil((width * header.bits) / 32) * 4;
  // The last row may lack its padding.
  const needed = header.pixelOffset + stride * (height - 1) + Math.ceil((width * header.bits) / 8);
  if (!rle && needed > bytes.length)
    throw new ImageContentError(`cut short: ${bytes.length} of ${needed} bytes are there`);
  const data =
    header.bits <= 8
      ? indexedToRgba(header, bytes, rle ? readRle(header, bytes) : readIndices(header, bytes, stride))
      : readDirect(header, bytes, stride);
  return { width, height, data };
}

function readHeader(bytes: Buffer): Header {
  if (bytes.length < 26) throw new ImageContentError("cut short within the header");
  const size = bytes.readUInt32LE(14);
  if (size !== 12 && (size < 16 || size > 1024)) throw new ImageContentError(`unknown header of ${size} bytes`);
  if (bytes.length < 14 + size) throw new ImageContentError("cut short within the header");
  const core = size === 12;
  const field = (offset: number): number => (offset + 4 <= size ? bytes.readUInt32LE(14 + offset) : 0);
  const width = core ? bytes.readUInt16LE(18) : bytes.readInt32LE(18);
  const signedHeight = core ? bytes.readUInt16LE(20) : bytes.readInt32LE(22);
  const bits = bytes.readUInt16LE(core ? 24 : 28);
  const compression = core ? 0 : field(16);
  const height = Math.abs(signedHeight);
  if (width < 1 || height < 1) throw new ImageContentError(`the header claims ${width} x ${signedHeight} pixels`);
  if (![1, 2, 4, 8, 16, 24, 32].includes(bits)) throw new ImageContentError(`${bits} bits per pixel are not supported`);
  checkCompression(compression, bits, size);

  const bitFields = compression === COMPRESSION.bitFields || compression === COMPRESSION.alphaBitFields;
  const maskBytes = bitFields && size === 40 ? (compression === COMPRESSION.alphaBitFields ? 16 : 12) : 0;
  const paletteOffset = 14 + size + maskBytes;
  if (bytes.length < paletteOffset) throw new ImageContentError("cut short within the header");
  return {
    width,
    height,
    topDown: signedHeight < 0,
    bits,
    compression,
    paletteOffset,
    paletteEntryBytes: core ? 3 : 4,
    colours: bits <= 8 ? Math.min(field(32) || 1 << bits, 256) : 0,
    pixelOffset: bytes.readUInt32LE(10),
    masks: bitFields ? readMasks(bytes, size, maskBytes) : bits === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0, 0, 0, 0],
  };
}

function checkCompression(compression: number, bits: number, headerBytes: number): void {
  const fits =
    compression === COMPRESSION.none ||
    (compression === COMPRESSION.rle8 && bits === 8) ||
    (compression === COMPRESSION.rle4 && bits === 4) ||
    // In the 64-byte OS/2 header the number 3 means Huffman coding.
    (compression === COMPRESSION.bitFields && (bits === 16 || bits === 32) && headerBytes !== 64) ||
    (compression === COMPRESSION.alphaBitFields && (bits === 16 || bits === 32));
  if (!fits) throw new ImageContentError(`compression ${compression} with ${bits} bits per pixel is not supported`);
}

function readMasks(bytes: Buffer, headerBytes: number, maskBytes: number): [number, number, number, number] {
  const hasAlpha = maskBytes === 16 || headerBytes >= 56;
  return [
    bytes.readUInt32LE(54),
    bytes.readUInt32LE(58),
    bytes.readUInt32LE(62),
    hasAlpha ? bytes.readUInt32LE(66) : 0,
  ];
}

/** Rows are stored from the bottom up unless the height is negative. */
function storedRow(header: Header, y: number): number {
  return header.topDown ? y : header.height - 1 - y;
}

/** Colour table indices of an uncompressed image, [H, W], top row first. */
function readIndices(header: Header, bytes: Buffer, stride: number): Uint8Array {
  const { width, height, bits } = header;
  const indices = new Uint8Array(width * height);
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  for (let y = 0; y < height; y++) {
    const row = header.pixelOffset + storedRow(header, y) * stride;
    for (let x = 0; x < width; x++) {
      const byte = bytes[row + Math.floor(x / perByte)]!;
      indices[y * width + x] = (byte >> (8 - bits * ((x % perByte) + 1))) & mask;
    }
  }
  return indices;
}

/** Colour table indices of a run-length coded image, [H, W], top row first; pixels that the code skips have index 0. */
function readRle(header: Header, bytes: Buffer): Uint8Array {
  const { width, height } = header;
  const nibbles = header.compression === COMPRESSION.rle4;
  const indices = new Uint8Array(width * height);
  let position = header.pixelOffset;
  let x = 0;
  let y = 0;
  const next = (): number => {
    if (position >= bytes.length) throw new ImageContentError("cut short within the run-length code");
    return bytes[position++]!;
  };
  const put = (index: number): void => {
    if (x < width && y < height) indices[storedRow(header, y) * width + x] = index;
    x++;
  };
  while (y < height) {
    const count = next();
    const value = next();
    if (count > 0) {
      for (let i = 0; i < count; i++) put(nibbles ? (i % 2 === 0 ? value >> 4 : value & 15) : value);
    } else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      x += next();
      y += next();
    } else {
      // `value` literal pixels, padded to an even number of bytes.
      const stored = nibbles ? Math.ceil(value / 2) : value;
      for (let i = 0; i < stored; i++) {
        const byte = next();
        if (!nibbles) put(byte);
        else {
          put(byte >> 4);
          if (2 * i + 1 < value) put(byte & 15);
        }
      }
      if (stored % 2 === 1) position++;
    }
  }
  return indices;
}

function indexedToRgba(header: Header, bytes: Buffer, indices: Uint8Array): Uint8Array {
  const entry = header.paletteEntryBytes;
  const stored = Math.floor((Math.min(header.pixelOffset, bytes.length) - header.paletteOffset) / entry);
  const colours = Math.min(header.colours, stored);
  if (colours < 1) throw new ImageContentError("the colour table is missing");
  const data = new Uint8Array(indices.length * 4);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (index >= colours)
      throw new ImageContentError(`a pixel has colour ${index}, the colour table ends at ${colours - 1}`);
    const source = header.paletteOffset + index * entry;
    data[4 * i] = bytes[source + 2]!;
    data[4 * i + 1] = bytes[source + 1]!;
    data[4 * i + 2] = bytes[source]!;
    data[4 * i + 3] = 255;
  }
  return data;
}

/** Pixels of 16, 24 or 32 bits. The fourth byte of a plain 32-bit pixel is unused: alpha needs a mask. */
function readDirect(header: Header, bytes: Buffer, stride: number): Uint8Array {
  const { width, height, bits } = header;
  const data = new Uint8Array(width * height * 4);
  const masked = header.masks[0] + header.masks[1] + header.masks[2] > 0;
  const channels = header.masks.map(channelReader);
  const pixelBytes = bits / 8;
  let out = 0;
  for (let y = 0; y < height; y++) {
    let position = header.pixelOffset + storedRow(header, y) * stride;
    for (let x = 0; x < width; x++, position += pixelBytes, out += 4) {
      if (masked) {
        const pixel = bits === 16 ? bytes.readUInt16LE(position) : bytes.readUInt32LE(position);
        for (let c = 0; c < 4; c++) data[out + c] = channels[c]!(pixel);
        if (header.masks[3] === 0) data[out + 3] = 255;
      } else {
        data[out] = bytes[position + 2]!;
        data[out + 1] = bytes[position + 1]!;
        data[out + 2] = bytes[position]!;
        data[out + 3] = 255;
      }
    }
  }
  return data;
}

/** Takes a mask's bits out of a pixel and scales them to 0…255. */
function channelReader(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const max = mask >>> shift;
  return (pixel) => Math.round((((pixel & mask) >>> shift) * 255) / max);
}
