/** Draws images and tokens as pixels for people. What is drawn of a value is that value, cut off at black and white. */
import { gridSize, type TokenShape } from "./tokens.ts";

/** Where pixels go: one square image of 3 (RGB) or 4 (RGBA, opaque) bytes a pixel. */
export interface Picture {
  /** [H, W, depth] */
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly depth: 3 | 4;
}

const HATCH_DARK = 120;
const HATCH_LIGHT = 150;
const HATCH_PERIOD = 4;

/**
 * A whole image as a step takes it.
 * @param pixels uint8 [H, W, C] from `offset` on
 * @param flip left to right
 */
export function drawImage(pixels: Uint8Array, offset: number, shape: TokenShape, flip: boolean, out: Picture): void {
  copyRegion(pixels, offset, shape, flip, out, 0, 0, shape.imageSize);
}

/** The image where it is visible, the hatch elsewhere. */
export function drawVisible(
  pixels: Uint8Array,
  offset: number,
  shape: TokenShape,
  flip: boolean,
  visible: Int32Array,
  out: Picture,
): void {
  const g = gridSize(shape);
  const p = shape.patchSize;
  drawHatch(shape.imageSize, out);
  for (const token of visible) {
    copyRegion(pixels, offset, shape, flip, out, Math.floor(token / g) * p, (token % g) * p, p);
  }
}

/** Grey stripes: a flat grey could be a patch of the image. */
export function drawHatch(size: number, { data, depth }: Picture): void {
  let at = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++, at += depth) {
      const grey = (x + y) % HATCH_PERIOD === 0 ? HATCH_LIGHT : HATCH_DARK;
      data[at] = grey;
      data[at + 1] = grey;
      data[at + 2] = grey;
      if (depth === 4) data[at + 3] = 255;
    }
  }
}

/**
 * Puts tokens in their places.
 * @param values [n, p·p·C] in [-1, 1], (p1, p2, C) order
 * @param tokens [n] token indices
 */
export function drawTokens(
  values: Float32Array,
  tokens: Int32Array,
  shape: TokenShape,
  { data, depth }: Picture,
): void {
  const { imageSize: size, channels: C, patchSize: p } = shape;
  const g = gridSize(shape);
  const green = C === 3 ? 1 : 0;
  const blue = C === 3 ? 2 : 0;
  let v = 0;
  for (const token of tokens) {
    const top = Math.floor(token / g) * p;
    const left = (token % g) * p;
    for (let y = 0; y < p; y++) {
      let at = ((top + y) * size + left) * depth;
      for (let x = 0; x < p; x++, v += C, at += depth) {
        data[at] = toByte(values[v]!);
        data[at + 1] = toByte(values[v + green]!);
        data[at + 2] = toByte(values[v + blue]!);
        if (depth === 4) data[at + 3] = 255;
      }
    }
  }
}

function copyRegion(
  pixels: Uint8Array,
  offset: number,
  { imageSize: size, channels: C }: TokenShape,
  flip: boolean,
  { data, depth }: Picture,
  top: number,
  left: number,
  side: number,
): void {
  const green = C === 3 ? 1 : 0;
  const blue = C === 3 ? 2 : 0;
  const stride = flip ? -C : C;
  for (let y = top; y < top + side; y++) {
    let from = offset + (y * size + (flip ? size - 1 - left : left)) * C;
    let at = (y * size + left) * depth;
    for (let x = 0; x < side; x++, from += stride, at += depth) {
      data[at] = pixels[from]!;
      data[at + 1] = pixels[from + green]!;
      data[at + 2] = pixels[from + blue]!;
      if (depth === 4) data[at + 3] = 255;
    }
  }
}

/** [-1, 1] to 0 … 255, the inverse of gatherTokens' scaling. */
function toByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round((value + 1) * 127.5)));
}
