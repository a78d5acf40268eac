/** A zip archive (PKWARE's APPNOTE 6.3) that compresses nothing: the same files make the same bytes. */
import { crc32 } from "../../node/run/crc32.ts";

export interface ZipFile {
  /** with "/" between folders */
  readonly name: string;
  readonly data: Uint8Array;
}

const LOCAL = 0x04034b50;
const ENTRY = 0x02014b50;
const END = 0x06054b50;
/** version 2.0, names in UTF-8, stored, 1 January 1980 */
const COMMON = [20, 0x800, 0, 0, 0x21] as const;

/** @param files fewer than 65,536, of less than 4 GiB together */
export function zip(files: readonly ZipFile[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data } of files) {
    const path = Buffer.from(name);
    const sizes = Buffer.alloc(16);
    for (const [i, value] of [crc32(data, 0), data.length, data.length].entries()) sizes.writeUInt32LE(value, 4 * i);
    sizes.writeUInt16LE(path.length, 12);
    const local = Buffer.concat([uint32(LOCAL), uint16(...COMMON), sizes, path, data]);
    // made by version 2.0; no comment, first disk, no attributes
    directory.push(
      Buffer.concat([uint32(ENTRY), uint16(20, ...COMMON), sizes, uint16(0, 0, 0, 0, 0), uint32(offset), path]),
    );
    parts.push(local);
    offset += local.length;
  }
  const bytes = directory.reduce((sum, { length }) => sum + length, 0);
  const end = [uint32(END), uint16(0, 0, files.length, files.length), uint32(bytes), uint32(offset), uint16(0)];
  return Buffer.concat([...parts, ...directory, ...end]);
}

const uint16 = (...values: readonly number[]): Buffer => Buffer.from(Uint16Array.from(values).buffer);

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
