/** Members of a ZIP archive (APPNOTE 6.3, with zip64): stored or deflated, each read by itself. */

import { promisify } from "node:util";
import zlib from "node:zlib";
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from "yauzl";
import { type Archive, ArchiveError, type Member, memberPath } from "./archive.ts";
import type { OpenFile } from "./openFile.ts";

const inflate = promisify(zlib.inflateRaw);

const STORED = 0;
const DEFLATED = 8;
const METHODS: Readonly<Record<number, string>> = {
  9: "Deflate64",
  12: "bzip2",
  14: "LZMA",
  93: "Zstandard",
  95: "xz",
  98: "PPMd",
};

/** @throws ArchiveError where its directory cannot be read */
export async function openZip(file: OpenFile): Promise<Archive> {
  const entries: Entry[] = [];
  let zip: ZipFile;
  try {
    zip = await fromRandomAccessReaderPromise(new FileReader(file), file.facts.size, {
      // Names are decoded below: those of archives are any bytes.
      decodeStrings: false,
      validateEntrySizes: false,
      autoClose: false,
    });
    for await (const entry of zip.eachEntry()) if (!isFolder(entry)) entries.push(entry);
  } catch (error) {
    const { message } = error as Error;
    if (/encryption/.test(message)) throw new ArchiveError("it is encrypted. Pack the images without a password.");
    throw new ArchiveError(
      `its directory, at the end of the file, is damaged or missing (${message.split(/[.:]/, 1)[0]}): the archive may have been cut short. Copy or download it again.`,
    );
  }
  return {
    facts: file.facts,
    members: entries.map(memberOf),
    classRemedy: "Put it into a folder of the archive that is named after the class",
    async read(index, most) {
      const entry = entries[index]!;
      requireReadable(entry);
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      return most === undefined ? readWhole(file, fileDataStart, entry) : readHead(file, fileDataStart, entry, most);
    },
    close: () => file.close(),
  };
}

const AHEAD_BYTES = 2 ** 18;

/** Reads headers in blocks, as two calls of the system for each of them would take most of the time. */
class FileReader extends RandomAccessReader {
  constructor(private readonly file: OpenFile) {
    super();
  }

  override read(...[buffer, offset, length, position, done]: Parameters<RandomAccessReader["read"]>): void {
    try {
      this.file.peekAt(position, length, AHEAD_BYTES).copy(buffer, offset);
    } catch (error) {
      done(error as Error);
      return;
    }
    done(null);
  }
}

const isFolder = ({ fileNameRaw }: Entry): boolean => fileNameRaw.at(-1) === SLASH;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;

function memberOf(entry: Entry): Member {
  // Some programs of Windows write their own separator.
  const name = Buffer.from(entry.fileNameRaw.map((byte) => (byte === BACKSLASH ? SLASH : byte)));
  const isLink = entry.versionMadeBy >> 8 === UNIX && entry.externalFileAttributes >>> 28 === UNIX_LINK;
  return { path: memberPath(name), size: entry.uncompressedSize, kind: isLink ? "brokenLink" : "file" };
}
const UNIX = 3;
const UNIX_LINK = 0xa;

function requireReadable(entry: Entry): void {
  if (entry.isEncrypted()) throw new Error("it is encrypted in the archive; pack the images without a password");
  const { compressionMethod: method } = entry;
  if (method === STORED || method === DEFLATED) return;
  throw new Error(
    `the archive compresses it by ${METHODS[method] ?? `method ${method}`}, which is not read; pack the images with Deflate, or stored`,
  );
}

async function readWhole(file: OpenFile, at: number, entry: Entry): Promise<Buffer> {
  const { compressedSize, uncompressedSize, compressionMethod } = entry;
  const packed = await file.readAt(at, compressedSize);
  let bytes = packed;
  if (compressionMethod === DEFLATED) {
    bytes = await inflate(packed, { maxOutputLength: Math.max(1, uncompressedSize) }).catch(() => {
      throw new Error(DAMAGED);
    });
  }
  if (bytes.length !== uncompressedSize || !hasChecksum(bytes, entry.crc32)) throw new Error(DAMAGED);
  return bytes;
}

function hasChecksum(bytes: Buffer, sum: number): boolean {
  // Node.js has it from 20.15 on; before, the image's own reader has to notice.
  return !("crc32" in zlib) || zlib.crc32(bytes) === sum;
}

const DAMAGED = "it is damaged in the archive";

async function readHead(file: OpenFile, at: number, entry: Entry, most: number): Promise<Buffer> {
  const packed = await file.readAt(at, Math.min(entry.compressedSize, HEAD_PACKED_BYTES));
  if (entry.compressionMethod === STORED) return packed.subarray(0, most);
  const start = await inflate(packed, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  return start.subarray(0, most);
}
/** Enough for any head: the codes that deflated data begin with take no more than a few hundred bytes. */
const HEAD_PACKED_BYTES = 4096;
