/**
 * Portable bitmaps, which the image library does not read: PBM, PGM and PPM as text and as bytes (P1 to P6), and PAM (P7). Of a
 * file with several images the first is read.
 */

import type { Bands } from "./bands.ts";
import { ImageContentError } from "./imageContentError.ts";

interface Header {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** the value of full light */
  readonly maximum: number;
  readonly coding: "text" | "bits" | "bytes";
  /** whether 1 is black and no value is more than 1 */
  readonly oneIsBlack: boolean;
  /** where the samples start */
  readonly offset: number;
}

/**
 * @param maxPixels images with more are refused before memory is taken for them
 * @returns samples scaled to 8 bits, or to 16 where the file has more than 8
 * @throws ImageContentError with a short reason where the file is damaged, cut short or of a kind that is not supported
 */
export function decodePnm(bytes: Buffer, maxPixels: number): Bands {
  const header = readPnmHeader(bytes);
  const { width, height, channels, maximum } = header;
  if (width * height > maxPixels) throw new ImageContentError(`${width} x ${height} exceeds pixel limit`);
  const count = width * height * channels;
  const wide = maximum > 255;
  const full = wide ? 65_535 : 255;
  const data = wide ? new Uint16Array(count) : new Uint8Array(count);
  const next = sampleReader(header, bytes);
  for (let i = 0; i < count; i++) {
    const value = next(i);
    if (value > maximum) throw new ImageContentError(`a sample of ${value} where ${maximum} is the largest`);
    const light = header.oneIsBlack ? maximum - value : value;
    data[i] = maximum === full ? light : Math.round((light * full) / maximum);
  }
  return { width, height, channels, data };
}

/** @throws ImageContentError with a short reason where the header is damaged or of a kind that is not supported */
export function readPnmHeader(bytes: Buffer): Header {
  const kind = bytes.toString("latin1", 0, 2);
  if (kind === "PF" || kind === "Pf")
    throw new ImageContentError("a PFM of floating-point samples, convert it to 8 or 16 bits");
  return kind === "P7" ? readPamHeader(bytes) : readPlainHeader(bytes, Number(kind[1]));
}

function readPlainHeader(bytes: Buffer, kind: number): Header {
  const cursor = new Cursor(bytes, 2);
  const bitmap = kind === 1 || kind === 4;
  const width = cursor.number();
  const height = cursor.number();
  const maximum = bitmap ? 1 : cursor.number();
  // One white character ends the header; in text any number of them may.
  const offset = cursor.position + (kind > 3 ? 1 : 0);
  const coding = kind <= 3 ? "text" : bitmap ? "bits" : "bytes";
  return checked({ width, height, channels: kind % 3 === 0 ? 3 : 1, maximum, coding, oneIsBlack: bitmap, offset });
}

function readPamHeader(bytes: Buffer): Header {
  const END = "ENDHDR\n";
  const end = bytes.indexOf(END, 0, "latin1");
  if (end < 0) throw new ImageContentError("cut short within the header");
  const lines = bytes.toString("latin1", 0, Math.min(end, 65_536)).split("\n");
  const field = (name: string): number => Number(lines.find((line) => line.startsWith(`${name} `))?.slice(name.length));
  const [width, height, channels, maximum] = [field("WIDTH"), field("HEIGHT"), field("DEPTH"), field("MAXVAL")];
  return checked({ width, height, channels, maximum, coding: "bytes", oneIsBlack: false, offset: end + END.length });
}

function checked(header: Header): Header {
  const { width, height, channels, maximum } = header;
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new ImageContentError(`the header claims ${width} x ${height} pixels`);
  }
  if (!(Number.isInteger(channels) && channels >= 1 && channels <= 4)) throw new ImageContentError(`${channels} bands`);
  if (!(Number.isInteger(maximum) && maximum >= 1 && maximum <= 65_535)) {
    throw new ImageContentError(`the header claims ${maximum} as the largest sample`);
  }
  return header;
}

/** @returns gives sample after sample; called with 0, 1, 2 and so on */
function sampleReader(header: Header, bytes: Buffer): (i: number) => number {
  const { width, height, channels, maximum, offset } = header;
  if (header.coding === "text") {
    const cursor = new Cursor(bytes, offset);
    // The digits of a bitmap may stand without spaces.
    return header.oneIsBlack ? () => cursor.digit() : () => cursor.number();
  }
  const sampleBytes = maximum > 255 ? 2 : 1;
  const rowBytes = header.coding === "bits" ? Math.ceil(width / 8) : width * channels * sampleBytes;
  const needed = offset + rowBytes * height;
  if (needed > bytes.length) throw new ImageContentError(`cut short: ${bytes.length} of ${needed} bytes are there`);
  if (header.coding === "bytes") {
    return sampleBytes === 1 ? (i) => bytes[offset + i]! : (i) => bytes.readUInt16BE(offset + 2 * i);
  }
  return (i) => {
    const x = i % width;
    return (bytes[offset + ((i - x) / width) * rowBytes + (x >> 3)]! >> (7 - (x & 7))) & 1;
  };
}

/** Reads numbers between white space and comments. */
class Cursor {
  constructor(
    private readonly bytes: Buffer,
    public position: number,
  ) {}

  number(): number {
    this.skipSpace();
    let value = this.digit();
    for (; isDigit(this.bytes[this.position]); this.position++) {
      value = value * 10 + this.bytes[this.position]! - ZERO;
      if (value > 2 ** 31) throw new ImageContentError("a number that is too large");
    }
    return value;
  }

  digit(): number {
    this.skipSpace();
    const byte = this.bytes[this.position];
    if (byte === undefined) throw new ImageContentError("cut short: samples are missing");
    if (!isDigit(byte)) throw new ImageContentError("something other than a number where one should be");
    this.position++;
    return byte - ZERO;
  }

  private skipSpace(): void {
    for (;;) {
      const byte = this.bytes[this.position];
      if (byte === HASH) {
        while (this.position < this.bytes.length && this.bytes[this.position] !== LINE_FEED) this.position++;
      } else if (byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d)) this.position++;
      else return;
    }
  }
}

const ZERO = 0x30;
const HASH = 0x23;
const LINE_FEED = 0x0a;

function isDigit(byte: number | undefined): byte is number {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9;
}
