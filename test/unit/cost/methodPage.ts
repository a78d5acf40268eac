/** The cost of a U-ViT as the method page has it (section 5), to hold what is read off the graph against. */
import type { ModelShape } from "../../../src/core/model/shape.ts";

/**
 * Operations of one image's forward pass, two for each multiply-add: (4 + 2r) n D² + 2 n² D for a block, 2 n D² for a long skip,
 * and the two layers that bring patches in and out.
 */
export function forwardFlops(shape: ModelShape, visibleTokens: number): number {
  const { embedDim: D, depth, mlpRatio: r } = shape;
  const half = Math.floor(depth / 2);
  const n = visibleTokens + (shape.numClasses > 0 ? 2 : 1);
  const block = (4 + 2 * r) * n * D * D + 2 * n * n * D;
  const ends = 2 * visibleTokens * shape.patchSize ** 2 * shape.channels * D;
  return 2 * ((2 * half + 1) * block + half * 2 * n * D * D + ends);
}

/** Numbers in all tensors of the table of the method page (section 5). */
export function parameterCount(shape: ModelShape): number {
  const { embedDim: D, depth, numClasses } = shape;
  const half = Math.floor(depth / 2);
  const elements = shape.patchSize ** 2 * shape.channels;
  const tokens = (shape.imageSize / shape.patchSize) ** 2;
  const hidden = Math.trunc(D * shape.mlpRatio);
  const linear = (inner: number, out: number) => inner * out + out;
  const attention = 3 * D * D + (shape.qkvBias ? 2 * D : 0) + linear(D, D);
  const block = 4 * D + attention + linear(D, hidden) + linear(hidden, D);
  const labels = numClasses > 0 ? (numClasses + 1) * D : 0;
  const time = shape.timeMlp ? linear(D, 4 * D) + linear(4 * D, D) : 0;
  const ends = linear(elements, D) + 2 * D + linear(D, elements);
  const positions = ((numClasses > 0 ? 2 : 1) + tokens) * D;
  return ends + positions + labels + time + (2 * half + 1) * block + half * linear(2 * D, D);
}
