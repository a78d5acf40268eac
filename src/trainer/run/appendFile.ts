/** A text file that only grows, line by line. */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { asDiskError } from "../../node/run/diskError.ts";

const NEWLINE = 0x0a;

export class AppendFile {
  private readonly fd: number;
  /** the last line in the file has no newline */
  private torn = false;

  /**
   * Opens or creates the file. A last line without a newline, as a kill or a full disk leaves it, is closed by the next line.
   * @param advice what to tell if the disk refuses
   * @throws UserError if the disk refuses
   */
  constructor(
    readonly path: string,
    private readonly advice: string,
  ) {
    this.fd = this.guard(0, () => openSync(path, "a+"));
    this.guard(0, () => {
      const { size } = fstatSync(this.fd);
      if (size === 0) return;
      const last = new Uint8Array(1);
      readSync(this.fd, last, 0, 1, size - 1);
      this.torn = last[0] !== NEWLINE;
    });
  }

  /**
   * Appends one line with one write.
   * @param line without its newline
   * @throws UserError if the disk refuses; what part of the line was written is closed off before the next one
   */
  append(line: string): void {
    const bytes = Buffer.from(`${this.torn ? "\n" : ""}${line}\n`);
    this.guard(bytes.length, () => {
      for (let at = 0; at < bytes.length; ) {
        at += writeSync(this.fd, bytes, at, bytes.length - at);
        this.torn = at < bytes.length;
      }
    });
  }

  /** Flushes to the disk. @throws UserError if the disk refuses */
  sync(): void {
    this.guard(0, () => fsyncSync(this.fd));
  }

  close(): void {
    closeSync(this.fd);
  }

  private guard<T>(bytes: number, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw asDiskError(error, { path: this.path, bytes, advice: this.advice });
    }
  }
}
