/** The layers that follow attention, token by token: two with GELU between, or three as SwiGLU (Shazeer 2020). */
import type { GraphBuilder } from "../graph/builder.ts";
import type { Tensor } from "../graph/graph.ts";
import { erfGate, sigmoid, siluGate } from "../graph/layers.ts";
import { multiply, scale, shift } from "../graph/operations.ts";
import { type ModelShape, mlpWidth } from "../shape.ts";
import type { ParameterList } from "./parameterList.ts";
import { dense, type Scope } from "./scope.ts";

export function mlpParameters(list: ParameterList, shape: ModelShape, name: string): void {
  const { embedDim: D } = shape;
  const width = mlpWidth(shape);
  const [first, last] = layerNames(shape, name);
  // Gates and values in one tensor and product, the gates first.
  list.linear(first, shape.mlp === "swiglu" ? 2 * width : width, D);
  list.linear(last, D, width);
}

/** Of GELU as in timm and the published networks, of SwiGLU as in DINOv2, LightningDiT and JiT. */
const layerNames = ({ mlp }: ModelShape, name: string): [first: string, last: string] =>
  mlp === "swiglu" ? [`${name}.w12`, `${name}.w3`] : [`${name}.fc1`, `${name}.fc2`];

/**
 * fc2(gelu(fc1(x))), or w3(silu(gate) · value) with [gate, value] = w12(x).
 * @param x [rows, D]
 * @param gelu as the published network has it: itself, or its approximation with tanh
 */
export function mlp(scope: Scope, x: Tensor, name: string, gelu: "exact" | "tanh"): Tensor {
  const { g, shape } = scope;
  const [first, last] = layerNames(shape, name);
  if (shape.mlp === "swiglu") return dense(scope, siluGate(g, dense(scope, x, first)), last);
  if (gelu === "tanh") return dense(scope, tanhGelu(g, dense(scope, x, first)), last);
  // The factors 1/sqrt(2) of erfGate are folded into the two products.
  const half = Math.SQRT1_2;
  return dense(scope, erfGate(g, dense(scope, x, first, { product: half, bias: half })), last, { product: half });
}

/** x/2 (1 + tanh(u)) with u = sqrt(2/π) (x + 0.044715 x³), which is x sigmoid(2u) (Hendrycks & Gimpel 2016). */
function tanhGelu(g: GraphBuilder, x: Tensor): Tensor {
  const inner = shift(g, scale(g, multiply(g, x, x), 0.044715), 1);
  return multiply(g, x, sigmoid(g, scale(g, multiply(g, x, inner), 2 * Math.sqrt(2 / Math.PI))));
}
