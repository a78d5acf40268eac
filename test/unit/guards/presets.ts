/** The networks that guards are kept for: a small one, MaskDM-S at 64 px and MaskDM-B at 256 px (method section 5). */
import { METHOD_CHOICES, type ModelShape } from "../../../src/core/model/shape.ts";

const plain = {
  ...METHOD_CHOICES,
  channels: 3,
  patchSize: 4,
} as const;

export const tiny: ModelShape = { ...plain, imageSize: 32, embedDim: 192, depth: 5, numHeads: 4 };
export const small: ModelShape = { ...plain, imageSize: 64, embedDim: 512, depth: 13, numHeads: 8 };
export const base: ModelShape = { ...plain, imageSize: 256, embedDim: 768, depth: 12, numHeads: 12 };

/** Visible patches at a mask rate (method section 4, strategy patch). */
export function visible({ imageSize, patchSize }: ModelShape, rate: number): number {
  const tokens = (imageSize / patchSize) ** 2;
  return tokens - Math.floor(rate * tokens);
}
