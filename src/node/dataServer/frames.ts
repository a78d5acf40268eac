/** Frames: length of head and of body (two uint32, little-endian), the head as JSON, the body as bytes. */

const LENGTHS = 8;
const MAX_HEAD_BYTES = 2 ** 24;
/** 1,024 images of 1024 x 1024 pixels in colour would be more, but no one looks at those at once. */
const MAX_BODY_BYTES = 2 ** 30;

/** @returns the parts to be written one after the other, without copying the body */
export function encodeFrame(head: unknown, body: Uint8Array = new Uint8Array(0)): [Buffer, Uint8Array] {
  const json = Buffer.from(JSON.stringify(head));
  const front = Buffer.alloc(LENGTHS + json.length);
  front.writeUInt32LE(json.length, 0);
  front.writeUInt32LE(body.length, 4);
  json.copy(front, LENGTHS);
  return [front, body];
}

/** Puts frames together from the pieces in which a pipe delivers them. */
export class FrameReader {
  private pieces: Buffer[] = [];
  private length = 0;

  /** @param onFrame gets each complete frame; the body is a copy of its own */
  constructor(private readonly onFrame: (head: unknown, body: Uint8Array) => void) {}

  /** @throws Error where this can be no stream of frames */
  push(piece: Buffer): void {
    this.pieces.push(piece);
    this.length += piece.length;
    while (this.length >= LENGTHS) {
      const lengths = this.peek(LENGTHS);
      const headBytes = lengths.readUInt32LE(0);
      const bodyBytes = lengths.readUInt32LE(4);
      if (headBytes > MAX_HEAD_BYTES || bodyBytes > MAX_BODY_BYTES) throw new Error("what was received is no frame");
      const total = LENGTHS + headBytes + bodyBytes;
      if (this.length < total) return;
      const frame = this.peek(total);
      this.drop(total);
      const head: unknown = JSON.parse(frame.toString("utf8", LENGTHS, LENGTHS + headBytes));
      this.onFrame(head, new Uint8Array(frame.subarray(LENGTHS + headBytes, total)));
    }
  }

  /** The first bytes, joined into one piece; pieces are joined only when a frame is complete, so each byte is copied once. */
  private peek(bytes: number): Buffer {
    if (this.pieces[0]!.length < bytes) {
      let joined = 0;
      let count = 0;
      while (joined < bytes) joined += this.pieces[count++]!.length;
      this.pieces.splice(0, count, Buffer.concat(this.pieces.slice(0, count), joined));
    }
    return this.pieces[0]!.subarray(0, bytes);
  }

  private drop(bytes: number): void {
    const rest = this.pieces[0]!.subarray(bytes);
    this.length -= bytes;
    if (rest.length > 0) this.pieces[0] = rest;
    else this.pieces.shift();
  }
}
