/**
 * Names of files as texts, without loss. Systems other than Windows and macOS take any bytes as a name, and old archives hold
 * names in Latin-1 or Shift JIS. A byte that is no part of UTF-8 becomes one code unit U+DC80 to U+DCFF, which no UTF-8 text
 * holds: Python's "surrogateescape", so that its programs find the files too.
 */
import { Buffer, isUtf8 } from "node:buffer";

const ESCAPE = 0xdc00;
const ESCAPED = /[\udc80-\udcff]/;

/** @param bytes of a name or path */
export function nameFromBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    text += length === 0 ? String.fromCharCode(ESCAPE + bytes[at]!) : bytes.toString("utf8", at, at + length);
    at += Math.max(1, length);
  }
  return text;
}

/** The path as the system takes it: a text where it is one, else its bytes. */
export function systemPath(path: string): string | Buffer {
  if (!ESCAPED.test(path)) return path;
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (!isEscape(path, at)) continue;
    parts.push(Buffer.from(path.slice(from, at), "utf8"), Buffer.of(code - ESCAPE));
    from = at + 1;
  }
  return Buffer.concat([...parts, Buffer.from(path.slice(from), "utf8")]);
}

/** The second half of a pair of code units looks the same, and is none. */
function isEscape(path: string, at: number): boolean {
  const code = path.charCodeAt(at);
  if (code < 0xdc80 || code > 0xdcff) return false;
  const before = at === 0 ? 0 : path.charCodeAt(at - 1);
  return before < 0xd800 || before > 0xdbff;
}

/** Bytes of the UTF-8 sequence that begins here; 0 where none does. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  const length = first < 0x80 ? 1 : first >> 5 === 6 ? 2 : first >> 4 === 14 ? 3 : first >> 3 === 30 ? 4 : 0;
  return length > 0 && at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}
