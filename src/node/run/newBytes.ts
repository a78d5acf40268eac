import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { errorCode } from "./files.ts";
import { READ_AT_ONCE } from "./readText.ts";

const CHUNK_BYTES = 2 ** 18;

/**
 * What a file holds from an offset on, in pieces, each of which counts only until the next one. Of a file that is shorter by now, as one
 * that was replaced, everything; of one that is not there nothing.
 * @throws the system's error where it cannot be read
 */
export function* newBytes(
  path: string,
  offset: number,
): Generator<{ readonly at: number; readonly bytes: Uint8Array }> {
  let fd: number;
  try {
    fd = openSync(path, READ_AT_ONCE);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let at = fstatSync(fd).size < offset ? 0 : offset; ; ) {
      const length = readSync(fd, chunk, 0, CHUNK_BYTES, at);
      if (length === 0) return;
      yield { at, bytes: chunk.subarray(0, length) };
      at += length;
    }
  } finally {
    closeSync(fd);
  }
}

/** Reads a text as it grows. */
export class GrowingText {
  private readonly decoder = new TextDecoder();

  /** @param offset in bytes, of what is not known yet */
  constructor(
    private readonly path: string,
    private offset = 0,
  ) {}

  /** What has come since. @throws as newBytes */
  next(): string {
    let text = "";
    for (const { at, bytes } of newBytes(this.path, this.offset)) {
      this.offset = at + bytes.length;
      text += this.decoder.decode(bytes, { stream: true });
    }
    return text;
  }
}
