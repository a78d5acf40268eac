/** CRC-32 as in zlib and PNG. */
import * as zlib from "node:zlib";
import { type CrcUpdate, crcUpdate } from "../../core/crc.ts";

/** Same as crc32, in plain JavaScript, for Node before 20.15. */
export const crc32Table: CrcUpdate = crcUpdate(0xedb88320);

const native = (zlib as { crc32?: CrcUpdate }).crc32;

/** @param crc checksum of the bytes before these; 0 at the beginning */
export const crc32: CrcUpdate = native ?? crc32Table;

/** 8 hex digits. */
export const crcHex = (crc: number): string => crc.toString(16).padStart(8, "0");
