import { type Io, type OutputStream, streamIo } from "../../../src/trainer/cli/io.ts";

/** A stream that keeps what is written. */
export class MemoryStream implements OutputStream {
  text = "";
  constructor(
    readonly isTTY = false,
    readonly columns = 80,
  ) {}
  write(text: string): void {
    this.text += text;
  }
}

/** An Io whose output a test can read. */
export function memoryIo(terminal = false, columns = 80): { io: Io; out: MemoryStream; err: MemoryStream } {
  const out = new MemoryStream();
  const err = new MemoryStream(terminal, columns);
  return { io: streamIo(out, err, {}), out, err };
}
