/** Short digests by which contents are compared; 64 bits of SHA-256, as nobody is out to deceive. */
import { createHash } from "node:crypto";

export const DIGEST_BYTES = 8;

/** @returns DIGEST_BYTES bytes */
export function digestOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest().subarray(0, DIGEST_BYTES);
}

/** Digests of many, one after the other, in one text: as a list they would make a manifest of a million images slow to read. */
export class DigestColumn {
  /** @param bytes DIGEST_BYTES for each */
  constructor(private readonly bytes: Buffer) {}

  static fromText(text: string): DigestColumn {
    return new DigestColumn(Buffer.from(text, "base64"));
  }

  at(position: number): Buffer {
    return this.bytes.subarray(position * DIGEST_BYTES, (position + 1) * DIGEST_BYTES);
  }
}
