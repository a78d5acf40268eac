/** Frames of a TFRecord file: length (8 bytes), its checksum, data, its checksum, all little-endian (tensorflow/core/lib/io/record_writer.h). */
import { crcUpdate } from "../crc.ts";

/** CRC-32C (Castagnoli). */
export const crc32c = crcUpdate(0x82f63b78);

/** Before the data. */
export const RECORD_HEAD = 12;
/** After it. */
export const RECORD_TAIL = 4;

/** As the format stores a checksum, since one of data that hold their own checksum says little: rotated by 15 bits, plus a constant. */
export function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes, 0);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

export function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(RECORD_HEAD + data.length + RECORD_TAIL);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, RECORD_HEAD);
  view.setUint32(RECORD_HEAD + data.length, maskedCrc(data), true);
  return record;
}

/** @param head the first RECORD_HEAD bytes of a record; @returns bytes of its data; null: it is none */
export function recordLength(head: Uint8Array): number | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const length = Number(view.getBigUint64(0, true));
  return view.getUint32(8, true) === maskedCrc(head.subarray(0, 8)) ? length : null;
}
