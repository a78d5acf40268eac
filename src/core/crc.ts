/** Cyclic redundancy checks of 32 bits, bits reflected, as zlib's CRC-32 and the CRC-32C of TFRecord files are. */

/** @param crc checksum of the bytes before these; 0 at the beginning */
export type CrcUpdate = (bytes: Uint8Array, crc: number) => number;

/** @param polynomial its bits reversed */
export function crcUpdate(polynomial: number): CrcUpdate {
  // Slicing by 4: tables[k][b] is the checksum of byte b followed by k zero bytes.
  const tables = [0, 1, 2, 3].map(() => new Uint32Array(256)) as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  const [t0, t1, t2, t3] = tables;
  for (let b = 0; b < 256; b++) {
    let crc = b;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    t0[b] = crc;
  }
  for (let k = 1; k < 4; k++) {
    for (let b = 0; b < 256; b++) {
      const before = tables[k - 1]![b]!;
      tables[k]![b] = (before >>> 8) ^ t0[before & 0xff]!;
    }
  }
  return (bytes, start) => {
    let crc = ~start;
    let at = 0;
    for (; at + 4 <= bytes.length; at += 4) {
      crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      crc = t3[crc & 0xff]! ^ t2[(crc >>> 8) & 0xff]! ^ t1[(crc >>> 16) & 0xff]! ^ t0[crc >>> 24]!;
    }
    for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]!) & 0xff]!;
    return ~crc >>> 0;
  };
}
