/**
 * Pixels to tokens and back. Images are HWC; a token is a p x p patch, token index = row * g + column. Two orders of a token's
 * values are in use (method section 5): the patch embedding reads (C, p1, p2), the output layer writes (p1, p2, C).
 */

import type { ImageShape } from "../images/imageElements.ts";

export interface TokenShape extends ImageShape {
  /** p */
  readonly patchSize: number;
}

/** Values per token, p·p·C. */
export function tokenElements(shape: TokenShape): number {
  return shape.patchSize * shape.patchSize * shape.channels;
}

/** g, tokens in a row. */
export function gridSize(shape: TokenShape): number {
  return shape.imageSize / shape.patchSize;
}

/** uint8 scaled to [-1, 1] */
const LEVELS = Float32Array.from({ length: 256 }, (_, value) => value / 127.5 - 1);

/**
 * Copies the tokens named by `visible` out of one uint8 image, scaled to [-1, 1].
 * @param pixels [H, W, C] from `pixelOffset` on
 * @param out [S, p·p·C] in (p1, p2, C) order, from `offset` on
 */
export function gatherTokens(
  pixels: Uint8Array,
  pixelOffset: number,
  shape: TokenShape,
  flip: boolean,
  visible: Int32Array,
  out: Float32Array,
  offset: number,
): void {
  const { imageSize: size, channels: C, patchSize: p } = shape;
  const g = size / p;
  let o = offset;
  for (const token of visible) {
    const top = Math.floor(token / g) * p;
    const left = (token % g) * p;
    for (let y = 0; y < p; y++) {
      const row = pixelOffset + (top + y) * size * C;
      for (let x = 0; x < p; x++) {
        const pixel = row + (flip ? size - 1 - left - x : left + x) * C;
        for (let c = 0; c < C; c++) out[o++] = LEVELS[pixels[pixel + c]!]!;
      }
    }
  }
}

/** Whole images [B, H, W, C] to tokens [B, N, p·p·C] in (p1, p2, C) order. */
export function imagesToTokens(images: Float32Array, count: number, shape: TokenShape): Float32Array {
  const tokens = new Float32Array(images.length);
  forEachElement(count, shape, (pixel, token) => {
    tokens[token] = images[pixel]!;
  });
  return tokens;
}

/** Tokens [B, N, p·p·C] in (p1, p2, C) order to images [B, H, W, C]. */
export function tokensToImages(tokens: Float32Array, count: number, shape: TokenShape): Float32Array {
  const images = new Float32Array(tokens.length);
  forEachElement(count, shape, (pixel, token) => {
    images[pixel] = tokens[token]!;
  });
  return images;
}

/** Reorders the values of each token from (p1, p2, C) to the (C, p1, p2) that the patch embedding reads. */
export function toPatchEmbedOrder(tokens: Float32Array, shape: TokenShape): Float32Array {
  const { channels: C, patchSize: p } = shape;
  if (C === 1) return tokens;
  const area = p * p;
  const elements = area * C;
  const out = new Float32Array(tokens.length);
  for (let start = 0; start < tokens.length; start += elements) {
    for (let i = 0; i < area; i++) {
      for (let c = 0; c < C; c++) out[start + c * area + i] = tokens[start + i * C + c]!;
    }
  }
  return out;
}

function forEachElement(count: number, shape: TokenShape, visit: (pixel: number, token: number) => void): void {
  const { imageSize: size, channels: C, patchSize: p } = shape;
  const g = size / p;
  const height = shape.imageHeight ?? size;
  let token = 0;
  for (let b = 0; b < count; b++) {
    for (let gy = 0; gy < height / p; gy++) {
      for (let gx = 0; gx < g; gx++) {
        for (let y = 0; y < p; y++) {
          const row = ((b * height + gy * p + y) * size + gx * p) * C;
          for (let i = 0; i < p * C; i++) visit(row + i, token++);
        }
      }
    }
  }
}
