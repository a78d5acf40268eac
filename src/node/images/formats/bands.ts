/** Pixels as a file has them, before they are the colours they stand for. */

/** Rows of pixels, samples interleaved, the colour first. */
export interface Bands {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array | Uint16Array;
}
