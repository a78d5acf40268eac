/** CRC-32 as in zlib and PNG. */
import * as zlib from "node:zlib";

type Update = (bytes: Uint8Array, crc: number) => number;

// Slicing by 4: tables[k][b] is the checksum of byte b followed by k zero bytes.
const tables = [0, 1, 2, 3].map(() => new Uint32Array(256));
for (let b = 0; b < 256; b++) {
  let crc = b;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  tables[0]![b] = crc;
}
for (let k = 1; k < 4; k++) {
  for (let b = 0; b < 256; b++) {
    const before = tables[k - 1]![b]!;
    tables[k]![b] = (before >>> 8) ^ tables[0]![before & 0xff]!;
  }
}

/** Same as crc32, in plain JavaScript, for Node before 20.15. */
export const crc32Table: Update = (bytes, start) => {
  const [t0, t1, t2, t3] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  let crc = ~start;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc = t3[crc & 0xff]! ^ t2[(crc >>> 8) & 0xff]! ^ t1[(crc >>> 16) & 0xff]! ^ t0[crc >>> 24]!;
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
};

const native = (zlib as { crc32?: Update }).crc32;

/** @param crc checksum of the bytes before these; 0 at the beginning */
export const crc32: Update = native ?? crc32Table;

/** 8 hex digits. */
export const crcHex = (crc: number): string => crc.toString(16).padStart(8, "0");
