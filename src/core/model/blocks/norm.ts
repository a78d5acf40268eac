/** Normalisation of tokens: of layers (Ba et al. 2016), or by the root of the mean square alone (Zhang & Sennrich 2019). */
import type { Constant } from "../backbone.ts";
import type { Tensor } from "../graph/graph.ts";
import { layerNorm, rmsNorm } from "../graph/layers.ts";
import type { ModelShape } from "../shape.ts";
import type { ParameterList } from "./parameterList.ts";
import type { Scope } from "./scope.ts";

/** What a normalisation has, [D] each, and what it begins with. */
const tensorsOf = ({ norm }: ModelShape): { readonly weight: 1; readonly bias?: 0 } =>
  norm === "rms" ? { weight: 1 } : { weight: 1, bias: 0 };

/** Of root mean squares, as in the published code of diffusion transformers that have them. */
export const RMS_EPSILON = 1e-6;

/** A learned gain over the width, and for layers a bias. */
export function normParameters(list: ParameterList, shape: ModelShape, name: string): void {
  for (const [tensor, value] of Object.entries(tensorsOf(shape)))
    list.add(`${name}.${tensor}`, [shape.embedDim], value === 1 ? "ones" : "zeros");
}

/**
 * @param x [rows, D]
 * @param epsilon of layers
 */
export function norm({ g, shape, tensors }: Scope, x: Tensor, name: string, epsilon: number): Tensor {
  const gain = tensors(`${name}.weight`);
  if (shape.norm === "rms") return rmsNorm(g, x, gain, RMS_EPSILON);
  return layerNorm(g, x, gain, tensors(`${name}.bias`), epsilon);
}

/** Name of normalisations that learn nothing. */
export const PLAIN_NORM = "plain_norm";

/** What those have instead. */
export function plainNormConstants(shape: ModelShape): Constant[] {
  return Object.entries(tensorsOf(shape)).map(([tensor, value]) => ({
    name: `${PLAIN_NORM}.${tensor}`,
    shape: [shape.embedDim],
    values: () => new Float32Array(shape.embedDim).fill(value),
    inCheckpoints: false,
  }));
}
