/** The directory of a zip archive (PKWARE's APPNOTE 6.3), with the extensions for large files, of archives that compress nothing. */
import { Damage } from "../damage.ts";

/** Bytes of a file. @throws Damage where it does not have them */
export type ReadAt = (offset: number, length: number) => Uint8Array;

/** Where an entry's bytes lie in the file. */
export interface ZipEntry {
  readonly offset: number;
  readonly bytes: number;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 65_535;
const LARGEST_DIRECTORY = 64 * 2 ** 20;
const STORED = 0;
/** A field of this value stands in the extension. */
const IN_EXTENSION = 0xffffffff;

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * @returns the entries by name
 * @throws Damage where the file is no zip archive, or entries are compressed or encrypted: what an entry takes in memory is then what
 * it takes in the file
 */
export function zipEntries(readAt: ReadAt, fileBytes: number): Map<string, ZipEntry> {
  const directory = directoryPlace(readAt, fileBytes);
  if (directory.bytes > LARGEST_DIRECTORY || directory.offset + directory.bytes > fileBytes)
    throw new Damage("the directory at its end is damaged, or it was cut short");
  const bytes = readAt(directory.offset, directory.bytes);
  const fields = view(bytes);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < directory.entries; i++) {
    if (at + 46 > bytes.length || fields.getUint32(at, true) !== ENTRY) throw new Damage("its directory is damaged");
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => fields.getUint16(at + field, true));
    const nameEnd = at + 46 + nameBytes!;
    const end = nameEnd + extraBytes! + commentBytes!;
    if (end > bytes.length) throw new Damage("its directory is damaged");
    const name = new TextDecoder().decode(bytes.subarray(at + 46, nameEnd));
    if ((fields.getUint16(at + 8, true) & 1) !== 0) throw new Damage(`${name} in it is encrypted`);
    if (fields.getUint16(at + 10, true) !== STORED)
      throw new Damage(`${name} in it is compressed, as torch.save never does; save it again with torch.save`);
    const place = entryPlace(fields, at, bytes.subarray(nameEnd, nameEnd + extraBytes!));
    if (entries.has(name)) throw new Damage(`it holds ${name} twice`);
    entries.set(name, { offset: dataOffset(readAt, place.offset, name), bytes: place.bytes });
    if (entries.get(name)!.offset + place.bytes > fileBytes) throw new Damage(`${name} in it was cut short`);
    at = end;
  }
  return entries;
}

interface Directory extends ZipEntry {
  readonly entries: number;
}

function directoryPlace(readAt: ReadAt, fileBytes: number): Directory {
  const length = Math.min(fileBytes, END_BYTES + LONGEST_COMMENT);
  const tail = readAt(fileBytes - length, length);
  const fields = view(tail);
  let at = length - END_BYTES;
  while (at >= 0 && fields.getUint32(at, true) !== END) at--;
  if (at < 0) throw new Damage("it has no directory at its end; it was cut short");
  const found = {
    entries: fields.getUint16(at + 10, true),
    bytes: fields.getUint32(at + 12, true),
    offset: fields.getUint32(at + 16, true),
  };
  if (at < 20 || fields.getUint32(at - 20, true) !== LOCATOR_64) return found;
  const large = view(readAt(number64(fields, at - 12), 56));
  if (large.getUint32(0, true) !== END_64) throw new Damage("the directory at its end is damaged");
  return { entries: number64(large, 32), bytes: number64(large, 40), offset: number64(large, 48) };
}

/** Size and place of an entry's own header; the extension holds those that do not fit, in this order. */
function entryPlace(fields: DataView, at: number, extra: Uint8Array): ZipEntry {
  const found = [24, 20, 42].map((field) => fields.getUint32(at + field, true));
  const extension = extensionFields(extra);
  const [size, packed, offset] = found.map((value) => {
    if (value !== IN_EXTENSION) return value;
    const large = extension.shift();
    if (large === undefined) throw new Damage("its directory is damaged");
    return large;
  });
  if (size !== packed) throw new Damage("its directory is damaged: an entry that is not compressed has two sizes");
  return { offset: offset!, bytes: size! };
}

/** The numbers of the extension for large files (0x0001). */
function extensionFields(extra: Uint8Array): number[] {
  const fields = view(extra);
  for (let at = 0; at + 4 <= extra.length; at += 4 + fields.getUint16(at + 2, true)) {
    if (fields.getUint16(at, true) !== 1) continue;
    const count = Math.min(fields.getUint16(at + 2, true), extra.length - at - 4) >> 3;
    return Array.from({ length: Math.min(count, 3) }, (_, i) => number64(fields, at + 4 + 8 * i));
  }
  return [];
}

/** An entry's bytes follow its own header, whose length the directory does not tell. */
function dataOffset(readAt: ReadAt, offset: number, name: string): number {
  const fields = view(readAt(offset, 30));
  if (fields.getUint32(0, true) !== LOCAL) throw new Damage(`${name} in it is not where its directory says`);
  return offset + 30 + fields.getUint16(26, true) + fields.getUint16(28, true);
}

const number64 = (fields: DataView, at: number): number => Number(fields.getBigUint64(at, true));
