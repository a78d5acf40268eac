/** Cost model of the backbone (method section 5): matrix products only, one multiply-add counted as two operations. */

export interface BackboneShape {
  readonly embedDim: number;
  readonly depth: number;
  readonly mlpRatio: number;
  /** p·p·C */
  readonly tokenElements: number;
  /** tokens besides the patches: 1 (time) or 2 (label, time) */
  readonly extraTokens: number;
}

/** Blocks that a depth builds: as many in as out, and one in the middle. */
export function blockCount(depth: number): number {
  return 2 * Math.floor(depth / 2) + 1;
}

/**
 * Matrix-product operations of one image's forward pass.
 * Per block: (4 + 2r) n D² + 2 n² D multiply-adds, + 2 n D² for a long skip; r = 4 gives the 12 n D² of the method page.
 */
export function forwardFlops(shape: BackboneShape, visibleTokens: number): number {
  const { embedDim: D, depth, mlpRatio, tokenElements: e } = shape;
  const n = visibleTokens + shape.extraTokens;
  const block = (4 + 2 * mlpRatio) * n * D * D + 2 * n * n * D;
  const skips = Math.floor(depth / 2) * 2 * n * D * D;
  const ends = 2 * visibleTokens * e * D;
  return 2 * (blockCount(depth) * block + skips + ends);
}

/** Matrix-product operations of one image's forward and backward pass; the backward costs twice the forward. */
export function trainingFlops(shape: BackboneShape, visibleTokens: number): number {
  return 3 * forwardFlops(shape, visibleTokens);
}
