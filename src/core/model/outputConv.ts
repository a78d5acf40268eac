/**
 * A convolution on the image that a network puts out, y + conv3x3(y), for every network alike: it lets patches agree where they meet.
 * U-ViT ends with such a layer (Bao et al. 2023), which the method's code left out. Here it is added to its input and begins at
 * zero, so that weights without it go on as they were.
 */
import type { Scope } from "./blocks/scope.ts";
import type { GraphBuilder } from "./graph/builder.ts";
import { sizeOf, type Tensor } from "./graph/graph.ts";
import { add, concat, linear, reshape, scale, split, transpose } from "./graph/operations.ts";
import type { ParameterSpec } from "./parameterSpec.ts";
import { type ModelShape, tokenCount, tokenGrid } from "./shape.ts";
import type { NamedTensor } from "./tensor.ts";

const CONV = "output_conv";
/** Side of its window. */
const SIDE = 3;

/** As those of PyTorch's Conv2d; they stand behind all others, whose first values keep their places in the random stream. */
export function outputConvParameters({ outputConv, channels: C }: ModelShape): ParameterSpec[] {
  if (outputConv === "none") return [];
  return [
    { name: `${CONV}.weight`, shape: [C, C, SIDE, SIDE], init: "zeros" },
    { name: `${CONV}.bias`, shape: [C], init: "zeros" },
  ];
}

/**
 * Weights for a network with the convolution: where they were trained without it, it begins as it does in new ones.
 * @param source the file, for messages
 * @returns the tensors as they are, and no note, where they have it or the network has none
 */
export function withOutputConvWeights(
  given: ReadonlyMap<string, NamedTensor>,
  shape: ModelShape,
  source: string,
): { readonly tensors: ReadonlyMap<string, NamedTensor>; readonly note: string | null } {
  const own = outputConvParameters(shape);
  if (own.length === 0 || own.some(({ name }) => given.has(name))) return { tensors: given, note: null };
  const added = own.map(({ name, shape }) => [name, { name, shape, data: new Float32Array(sizeOf(shape)) }] as const);
  return {
    tensors: new Map([...given, ...added]),
    note: `${source} has no output convolution, so it begins at zero, which leaves the output as it was`,
  };
}

/**
 * Patches meet in whole images only: where tokens are absent the output stays as it is.
 * @param y [B · F, p·p·C] in (p1, p2, C) order
 * @returns the same, with the convolution where F = N
 */
export function withOutputConv(scope: Scope, y: Tensor): Tensor {
  const { g, shape, tensors, batchSize } = scope;
  if (shape.outputConv === "none" || y.shape[0]! < batchSize * tokenCount(shape)) return y;
  const { channels: C, patchSize: p } = shape;
  const grid = tokenGrid(shape);
  const [height, width] = [grid.rows * p, grid.columns * p];
  const rows = transpose(g, reshape(g, y, [batchSize, grid.rows, grid.columns, p, p * C]), [0, 1, 3, 2, 4]);
  const above = neighbours(g, reshape(g, rows, [batchSize, height, width * C]), C);
  const around = neighbours(g, reshape(g, above, [batchSize * height, width, SIDE * C]), SIDE * C);
  const weight = reshape(g, transpose(g, tensors(`${CONV}.weight`), [0, 3, 2, 1]), [C, SIDE * SIDE * C]);
  const change = linear(g, around, weight, tensors(`${CONV}.bias`));
  const tokens = transpose(g, reshape(g, change, [batchSize, grid.rows, p, grid.columns, p * C]), [0, 1, 3, 2, 4]);
  return add(g, y, reshape(g, tokens, y.shape));
}

/**
 * What stands before, at and after each place of the second axis, with zeros beyond its ends.
 * @param x [a, n, b · width]
 * @returns [a · n · b, 3 · width]
 */
function neighbours(g: GraphBuilder, x: Tensor, width: number): Tensor {
  const n = x.shape[1]!;
  const [first, afterFirst] = split(g, x, 1, [1, n - 1]) as [Tensor, Tensor];
  const [beforeLast, last] = split(g, x, 1, [n - 1, 1]) as [Tensor, Tensor];
  const before = concat(g, [scale(g, first, 0), beforeLast], 1);
  const after = concat(g, [afterFirst, scale(g, last, 0)], 1);
  const rows = [sizeOf(x.shape) / width, width];
  return concat(
    g,
    [before, x, after].map((part) => reshape(g, part, rows)),
    1,
  );
}
