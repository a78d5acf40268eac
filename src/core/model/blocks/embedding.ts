/** Patches become tokens, and tokens learn where they are. */
import type { Tensor } from "../graph/graph.ts";
import { add, gatherRows, linear, reshape } from "../graph/operations.ts";
import type { Init } from "../parameterSpec.ts";
import { elementsPerToken, type ModelShape } from "../shape.ts";
import type { ParameterList } from "./parameterList.ts";
import type { Scope } from "./scope.ts";

export function patchParameters(
  list: ParameterList,
  { embedDim: D, channels: C, patchSize: p }: ModelShape,
  name: string,
  init: { readonly weight: Init; readonly bias: Init },
): void {
  list.add(`${name}.weight`, [D, C, p, p], init.weight);
  list.add(`${name}.bias`, [D], init.bias);
}

/** A p×p convolution with stride p: [rows, p·p·C] in (C, p1, p2) order to [rows, D]. */
export function embedPatches({ g, shape, tensors }: Scope, patches: Tensor, name: string): Tensor {
  const weight = reshape(g, tensors(`${name}.weight`), [shape.embedDim, elementsPerToken(shape)]);
  return linear(g, patches, weight, tensors(`${name}.bias`));
}

/**
 * Adds a position embedding. It belongs to a token's place in the full grid; hidden tokens are absent.
 * @param x the elements of [rows, D] in any shape
 * @param table [1, E+N, D]
 * @param positions row of the table for every token, [rows]; null where each image has all of them in their order
 * @returns [rows, D]
 */
export function addPositions({ g, batchSize }: Scope, x: Tensor, table: Tensor, positions: Tensor | null): Tensor {
  const [, places, D] = table.shape as [number, number, number];
  if (positions) {
    const rows = gatherRows(g, reshape(g, table, [places, D]), positions);
    return add(g, reshape(g, x, rows.shape), rows);
  }
  return reshape(g, add(g, reshape(g, x, [batchSize, places, D]), table), [batchSize * places, D]);
}
