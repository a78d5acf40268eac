/** Text in PNG files: a tEXt chunk before the pixels, where every image library finds it. */
import { readStart } from "../readStart.ts";
import { crc32 } from "./crc32.ts";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Signature and the header chunk, which is always the first and of one size. */
const HEADER_END = SIGNATURE.length + 12 + 13;
/** Texts are looked for in the first part of a file only. */
const READ_BYTES = 64 * 1024;

/**
 * @param png a whole file
 * @param keyword 1 to 79 printable ASCII characters
 * @param text ASCII
 */
export function withPngText(png: Uint8Array, keyword: string, text: string): Buffer {
  const content = Buffer.from(`tEXt${keyword}\0${text}`, "latin1");
  const chunk = Buffer.alloc(content.length + 8);
  chunk.writeUInt32BE(content.length - 4, 0);
  content.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(content, 0), content.length + 4);
  return Buffer.concat([png.subarray(0, HEADER_END), chunk, png.subarray(HEADER_END)]);
}

/** @returns null: no such file, no PNG, or none with a text of that keyword before its pixels */
export function readPngText(path: string, keyword: string): string | null {
  let start: Buffer;
  try {
    start = readStart(path, READ_BYTES);
  } catch {
    return null;
  }
  if (!start.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return null;
  for (let at = SIGNATURE.length; at + 12 <= start.length; ) {
    const length = start.readUInt32BE(at);
    const type = start.toString("latin1", at + 4, at + 8);
    if (type === "IDAT") return null;
    const data = start.subarray(at + 8, at + 8 + length);
    const split = data.indexOf(0);
    if (type === "tEXt" && data.length === length && data.toString("latin1", 0, split) === keyword) {
      return data.toString("latin1", split + 1);
    }
    at += 12 + length;
  }
  return null;
}
