/** Normalisation of tokens. */
import type { Constant } from "../backbone.ts";
import type { Tensor } from "../graph/graph.ts";
import { layerNorm } from "../graph/operations.ts";
import type { ModelShape } from "../shape.ts";
import type { ParameterList } from "./parameterList.ts";
import type { Scope } from "./scope.ts";

/** Layer normalisation over the width (Ba et al. 2016), with a learned gain and bias [D]. */
export function normParameters(list: ParameterList, { embedDim: D }: ModelShape, name: string): void {
  list.add(`${name}.weight`, [D], "ones");
  list.add(`${name}.bias`, [D], "zeros");
}

/** @param x [rows, D] */
export function norm({ g, tensors }: Scope, x: Tensor, name: string, epsilon: number): Tensor {
  return layerNorm(g, x, tensors(`${name}.weight`), tensors(`${name}.bias`), epsilon);
}

/** Name of normalisations that learn nothing. */
export const PLAIN_NORM = "plain_norm";

/** Gain and bias of those, for norm(). */
export function plainNormConstants({ embedDim: D }: ModelShape): Constant[] {
  const plain = (name: string, value: number): Constant => ({
    name: `${PLAIN_NORM}.${name}`,
    shape: [D],
    values: () => new Float32Array(D).fill(value),
    inCheckpoints: false,
  });
  return [plain("weight", 1), plain("bias", 0)];
}
