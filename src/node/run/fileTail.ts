/** Reads a file as it grows, by its byte offset. */
import { open, stat } from "node:fs/promises";
import { READ_AT_ONCE } from "./readText.ts";

const POLL_MS = 200;
/** So much is read and handed on at a time, so that a long file does not hold up everything else. */
const CHUNK_BYTES = 256 * 1024;

export interface TailListener {
  /** @param reset the file was replaced or cut: what came before no longer counts, and this is its beginning */
  bytes(chunk: Uint8Array, reset: boolean): void;
  failed(error: unknown): void;
  /** the file was looked at, and read as far as it goes */
  looked?(): void;
}

export class FileTail {
  private inode: number | null = null;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  /** what the last look failed with: told once */
  private failure: string | null = null;

  /**
   * @param path of a file that may not exist yet
   * @param offset byte at which it is read from; what is before is known
   */
  constructor(
    private readonly path: string,
    private readonly listener: TailListener,
    private offset = 0,
  ) {
    void this.look();
  }

  dispose(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private async look(): Promise<void> {
    try {
      const found = await stat(this.path).catch(() => null);
      if (found?.isFile() === true && !this.closed) {
        const replaced = (this.inode !== null && found.ino !== this.inode) || found.size < this.offset;
        this.inode = found.ino;
        if (replaced) this.offset = 0;
        if (found.size > this.offset || replaced) await this.read(replaced);
      }
      this.failure = null;
    } catch (error) {
      if (this.failure !== String(error)) this.listener.failed(error);
      this.failure = String(error);
    }
    this.listener.looked?.();
    if (!this.closed) this.timer = setTimeout(() => void this.look(), POLL_MS);
  }

  private async read(replaced: boolean): Promise<void> {
    const file = await open(this.path, READ_AT_ONCE);
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (let reset = replaced; ; reset = false) {
        const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, this.offset);
        if (this.closed || (bytesRead === 0 && !reset)) return;
        this.offset += bytesRead;
        this.listener.bytes(chunk.subarray(0, bytesRead), reset);
        if (bytesRead === 0) return;
      }
    } finally {
      await file.close();
    }
  }
}
