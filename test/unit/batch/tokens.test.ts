import { describe, expect, it } from "vitest";
import {
  gatherTokens,
  gridSize,
  imagesToTokens,
  type TokenShape,
  tokenElements,
  tokensToImages,
  toPatchEmbedOrder,
} from "../../../src/core/batch/tokens.ts";

const shapes: TokenShape[] = [
  { imageSize: 4, channels: 3, patchSize: 2 },
  { imageSize: 6, channels: 1, patchSize: 2 },
  { imageSize: 6, channels: 3, patchSize: 3 },
  { imageSize: 5, channels: 3, patchSize: 1 },
  { imageSize: 8, channels: 3, patchSize: 8 },
];

/** Where value e of a token comes from, by the definition: e = (p1 · p + p2) · C + c. */
function pixelOf(shape: TokenShape, token: number, element: number, flip = false): number {
  const { imageSize: size, channels: C, patchSize: p } = shape;
  const g = size / p;
  const y = Math.floor(token / g) * p + Math.floor(element / (p * C));
  const x = (token % g) * p + (Math.floor(element / C) % p);
  return (y * size + (flip ? size - 1 - x : x)) * C + (element % C);
}

describe("images and tokens", () => {
  it("counts", () => {
    expect(tokenElements({ imageSize: 64, channels: 3, patchSize: 4 })).toBe(48);
    expect(gridSize({ imageSize: 64, channels: 3, patchSize: 4 })).toBe(16);
  });

  it.each(shapes)("%o: whole images to tokens and back", (shape) => {
    const values = shape.imageSize ** 2 * shape.channels;
    const images = Float32Array.from({ length: 2 * values }, (_, i) => i);
    const tokens = imagesToTokens(images, 2, shape);
    const e = tokenElements(shape);
    const N = gridSize(shape) ** 2;
    for (let b = 0; b < 2; b++) {
      for (let i = 0; i < N * e; i++) {
        expect(tokens[b * values + i]).toBe(b * values + pixelOf(shape, Math.floor(i / e), i % e));
      }
    }
    expect([...tokensToImages(tokens, 2, shape)]).toEqual([...images]);
  });

  it.each(shapes)("%o: visible tokens of one uint8 image, mirrored and not", (shape) => {
    const values = shape.imageSize ** 2 * shape.channels;
    const pixels = Uint8Array.from({ length: 5 + values }, (_, i) => (i * 37) % 256);
    const e = tokenElements(shape);
    const N = gridSize(shape) ** 2;
    const visible = Int32Array.from(new Set([0, Math.floor(N / 2), N - 1]));
    for (const flip of [false, true]) {
      const out = new Float32Array(3 + visible.length * e).fill(9);
      gatherTokens(pixels, 5, shape, flip, visible, out, 3);
      expect([...out.subarray(0, 3)]).toEqual([9, 9, 9]);
      visible.forEach((token, i) => {
        for (let k = 0; k < e; k++) {
          const pixel = pixels[5 + pixelOf(shape, token, k, flip)]!;
          expect(out[3 + i * e + k]).toBe(Math.fround(pixel / 127.5 - 1));
        }
      });
    }
  });

  it("0 and 255 become -1 and 1", () => {
    const out = new Float32Array(4);
    const shape = { imageSize: 2, channels: 1 as const, patchSize: 2 };
    gatherTokens(Uint8Array.of(0, 255, 0, 255), 0, shape, false, Int32Array.of(0), out, 0);
    expect([...out]).toEqual([-1, 1, -1, 1]);
  });

  it.each(shapes)("%o: (p1, p2, C) to the (C, p1, p2) of the patch embedding", (shape) => {
    const { channels: C, patchSize: p } = shape;
    const e = tokenElements(shape);
    const tokens = Float32Array.from({ length: 3 * e }, (_, i) => i);
    const reordered = toPatchEmbedOrder(tokens, shape);
    for (let t = 0; t < 3; t++) {
      for (let i = 0; i < p * p; i++) {
        for (let c = 0; c < C; c++) expect(reordered[t * e + c * p * p + i]).toBe(t * e + i * C + c);
      }
    }
  });

  it("images that are no squares: tokens row by row, and back", () => {
    const wide = { imageSize: 4, imageHeight: 2, channels: 1, patchSize: 2 } as const;
    const images = Float32Array.from({ length: 16 }, (_, i) => i);
    const tokens = imagesToTokens(images, 2, wide);
    expect([...tokens.subarray(0, 8)]).toEqual([0, 1, 4, 5, 2, 3, 6, 7]);
    expect([...tokens.subarray(8)]).toEqual([8, 9, 12, 13, 10, 11, 14, 15]);
    expect(tokensToImages(tokens, 2, wide)).toEqual(images);
  });
});
