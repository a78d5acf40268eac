/**
 * Multi-head self-attention with its projections. With qkNorm the queries and keys of every head are normalised before they are
 * compared, by gains that all heads share (Henry et al. 2020, Dehghani et al. 2023), which bounds the scores.
 */
import type { Tensor } from "../graph/graph.ts";
import { queryKeyNorm, selfAttention } from "../graph/layers.ts";
import { concat, linear, scale } from "../graph/operations.ts";
import type { ModelShape } from "../shape.ts";
import { RMS_EPSILON } from "./norm.ts";
import type { ParameterList } from "./parameterList.ts";
import { dense, type Scope } from "./scope.ts";

/** What has a learned bias: queries, keys and values; queries and values in tensors of their own; or none of them. */
export type QkvBias = "all" | "queries and values" | "none";

export function attentionParameters(list: ParameterList, shape: ModelShape, name: string, bias: QkvBias): void {
  const { embedDim: D, numHeads, qkNorm } = shape;
  list.weight(`${name}.qkv`, 3 * D, D);
  if (bias === "all") list.add(`${name}.qkv.bias`, [3 * D], "zeros");
  if (bias === "queries and values") for (const part of ["q", "v"]) list.add(`${name}.${part}_bias`, [D], "zeros");
  if (qkNorm === "rms") for (const part of ["q", "k"]) list.add(`${name}.${part}_norm.weight`, [D / numHeads], "ones");
  list.linear(`${name}.proj`, D, D);
}

/** @param x [rows, D] */
export function attention(scope: Scope, x: Tensor, name: string, bias: QkvBias): Tensor {
  const { g, shape, tensors, batchSize } = scope;
  const qkv = linear(g, x, tensors(`${name}.qkv.weight`), qkvBias(scope, name, bias));
  return dense(scope, selfAttention(g, normalised(scope, qkv, name), batchSize, shape.numHeads), `${name}.proj`);
}

function qkvBias({ g, tensors }: Scope, name: string, bias: QkvBias): Tensor | null {
  if (bias === "none") return null;
  if (bias === "all") return tensors(`${name}.qkv.bias`);
  const queries = tensors(`${name}.q_bias`);
  return concat(g, [queries, scale(g, queries, 0), tensors(`${name}.v_bias`)], 0);
}

function normalised({ g, shape, tensors }: Scope, qkv: Tensor, name: string): Tensor {
  if (shape.qkNorm === "none") return qkv;
  const gains = [tensors(`${name}.q_norm.weight`), tensors(`${name}.k_norm.weight`)] as const;
  return queryKeyNorm(g, qkv, gains, { heads: shape.numHeads, epsilon: RMS_EPSILON });
}
