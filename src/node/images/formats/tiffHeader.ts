/** The tags of a TIFF's first page (TIFF 6.0 and BigTIFF) that say what its samples mean. */

export interface TiffHeader {
  readonly width: number;
  readonly height: number;
  readonly compression: number;
  /** null: the file does not say */
  readonly photometric: number | null;
  readonly bitsPerSample: number;
  readonly samplesPerPixel: number;
  /** whether each band is stored by itself */
  readonly planar: boolean;
  /** what the samples beyond the colour are; empty where the file does not say */
  readonly extraSamples: readonly number[];
  /** chroma samples per pixel: one for so many across and down */
  readonly chromaSubsampling: readonly number[];
  /** luma of red, green and blue */
  readonly lumaCoefficients: readonly number[];
  /** values of no and full Y, Cb and Cr */
  readonly referenceBlackWhite: readonly number[];
}

const TAG = {
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  samplesPerPixel: 277,
  planar: 284,
  extraSamples: 338,
  lumaCoefficients: 529,
  chromaSubsampling: 530,
  referenceBlackWhite: 532,
} as const;

/** Of longer lists the rest says nothing more: one value a band is the longest that is of interest. */
const MAX_VALUES = 64;

/**
 * @returns null where there is no first page to be read: damaged, or cut short
 */
export function readTiffHeader(bytes: Buffer): TiffHeader | null {
  try {
    const tags = readFirstPage(bytes);
    const one = (tag: number, otherwise: number): number => tags.get(tag)?.[0] ?? otherwise;
    return {
      width: one(TAG.width, 0),
      height: one(TAG.height, 0),
      compression: one(TAG.compression, 1),
      photometric: tags.get(TAG.photometric)?.[0] ?? null,
      bitsPerSample: one(TAG.bitsPerSample, 1),
      samplesPerPixel: one(TAG.samplesPerPixel, 1),
      planar: one(TAG.planar, 1) === 2,
      extraSamples: tags.get(TAG.extraSamples) ?? [],
      chromaSubsampling: tags.get(TAG.chromaSubsampling) ?? [2, 2],
      lumaCoefficients: tags.get(TAG.lumaCoefficients) ?? [0.299, 0.587, 0.114],
      referenceBlackWhite: tags.get(TAG.referenceBlackWhite) ?? [0, 255, 128, 255, 128, 255],
    };
  } catch (error) {
    // An offset beyond the end of the file: the image library says what is wrong with it.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Numbers of one byte order, and of the two sizes that classic TIFF and BigTIFF have for offsets. */
class Reader {
  readonly big: boolean;
  private readonly little: boolean;

  constructor(private readonly bytes: Buffer) {
    this.little = bytes[0] === 0x49;
    this.big = this.uint16(2) === 43;
  }

  uint8(at: number): number {
    return this.bytes.readUInt8(at);
  }

  uint16(at: number): number {
    return this.little ? this.bytes.readUInt16LE(at) : this.bytes.readUInt16BE(at);
  }

  uint32(at: number): number {
    return this.little ? this.bytes.readUInt32LE(at) : this.bytes.readUInt32BE(at);
  }

  uint64(at: number): number {
    return Number(this.little ? this.bytes.readBigUInt64LE(at) : this.bytes.readBigUInt64BE(at));
  }

  offset(at: number): number {
    return this.big ? this.uint64(at) : this.uint32(at);
  }
}

/** Bytes of a value and how it is read, by the number of its type; others occur in no tag of interest. */
const TYPES: Readonly<Record<number, { bytes: number; read: (reader: Reader, at: number) => number }>> = {
  1: { bytes: 1, read: (reader, at) => reader.uint8(at) },
  3: { bytes: 2, read: (reader, at) => reader.uint16(at) },
  4: { bytes: 4, read: (reader, at) => reader.uint32(at) },
  5: { bytes: 8, read: (reader, at) => reader.uint32(at) / reader.uint32(at + 4) },
  16: { bytes: 8, read: (reader, at) => reader.uint64(at) },
};

function readFirstPage(bytes: Buffer): Map<number, number[]> {
  const wanted = new Set<number>(Object.values(TAG));
  const reader = new Reader(bytes);
  const page = reader.big ? reader.offset(8) : reader.offset(4);
  const entries = reader.big ? reader.uint64(page) : reader.uint16(page);
  const first = page + (reader.big ? 8 : 2);
  const [entryBytes, room] = reader.big ? [20, 8] : [12, 4];
  const tags = new Map<number, number[]>();
  for (let i = 0; i < entries; i++) {
    const at = first + i * entryBytes;
    const tag = reader.uint16(at);
    const type = TYPES[reader.uint16(at + 2)];
    const count = reader.offset(at + 4);
    if (!wanted.has(tag) || type === undefined) continue;
    const inline = at + entryBytes - room;
    const start = count * type.bytes <= room ? inline : reader.offset(inline);
    tags.set(
      tag,
      Array.from({ length: Math.min(count, MAX_VALUES) }, (_, k) => type.read(reader, start + k * type.bytes)),
    );
  }
  return tags;
}
