/** A file that is read in pieces, wherever they lie in it. */
import { closeSync, fstatSync, openSync, read, readSync } from "node:fs";
import { promisify } from "node:util";
import type { FileFacts } from "../imageSource.ts";

const readPiece = promisify(read);

/** Read at once at least, where small pieces are asked for. */
const PAGE_BYTES = 4096;

export class OpenFile {
  /** of the file as a whole, at the time of opening */
  readonly facts: FileFacts;
  private readonly fd: number;
  private block = Buffer.alloc(0);
  private blockAt = 0;

  /** @throws the system's error where it cannot be opened */
  constructor(readonly path: string) {
    this.fd = openSync(path, "r");
    const { size, mtimeMs, ctimeMs, ino } = fstatSync(this.fd);
    this.facts = { size, modified: mtimeMs, changed: ctimeMs, inode: ino };
  }

  /** @throws Error where the file ends before */
  async readAt(position: number, length: number): Promise<Buffer> {
    this.requireInside(position, length);
    // A buffer of its own memory, which some readers ask for.
    const buffer = Buffer.from(new ArrayBuffer(length));
    for (let done = 0; done < length; ) {
      const { bytesRead } = await readPiece(this.fd, buffer, done, Math.min(length - done, 2 ** 30), position + done);
      if (bytesRead === 0) throw new Error(CUT_SHORT);
      done += bytesRead;
    }
    return buffer;
  }

  /**
   * A small piece, synchronously.
   * @param ahead so many bytes are read at once, where what lies behind it will be asked for next
   * @throws Error where the file ends before
   */
  peekAt(position: number, length: number, ahead = PAGE_BYTES): Buffer {
    this.requireInside(position, length);
    const isThere = position >= this.blockAt && position + length <= this.blockAt + this.block.length;
    if (!isThere) {
      const block = Buffer.allocUnsafe(Math.max(length, ahead));
      this.block = block.subarray(0, readSync(this.fd, block, 0, block.length, position));
      this.blockAt = position;
      if (this.block.length < length) throw new Error(CUT_SHORT);
    }
    return this.block.subarray(position - this.blockAt, position - this.blockAt + length);
  }

  close(): void {
    closeSync(this.fd);
  }

  private requireInside(position: number, length: number): void {
    if (position < 0 || position + length > this.facts.size) throw new Error(CUT_SHORT);
  }
}

const CUT_SHORT = "the file was cut short";
