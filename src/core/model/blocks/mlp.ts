/** The two layers that follow attention, token by token. */
import type { GraphBuilder } from "../graph/builder.ts";
import type { Tensor } from "../graph/graph.ts";
import { erfGate, multiply, scale, shift, sigmoid } from "../graph/operations.ts";
import { type ModelShape, mlpWidth } from "../shape.ts";
import type { ParameterList } from "./parameterList.ts";
import { dense, type Scope } from "./scope.ts";

export function mlpParameters(list: ParameterList, shape: ModelShape, name: string): void {
  const { embedDim: D } = shape;
  list.linear(`${name}.fc1`, mlpWidth(shape), D);
  list.linear(`${name}.fc2`, D, mlpWidth(shape));
}

/**
 * fc2(gelu(fc1(x))).
 * @param x [rows, D]
 * @param gelu as the published network has it: itself, or its approximation with tanh
 */
export function mlp(scope: Scope, x: Tensor, name: string, gelu: "exact" | "tanh"): Tensor {
  const [fc1, fc2] = [`${name}.fc1`, `${name}.fc2`];
  if (gelu === "tanh") return dense(scope, tanhGelu(scope.g, dense(scope, x, fc1)), fc2);
  // The factors 1/sqrt(2) of erfGate are folded into the two products.
  const half = Math.SQRT1_2;
  return dense(scope, erfGate(scope.g, dense(scope, x, fc1, { product: half, bias: half })), fc2, { product: half });
}

/** x/2 (1 + tanh(u)) with u = sqrt(2/π) (x + 0.044715 x³), which is x sigmoid(2u) (Hendrycks & Gimpel 2016). */
function tanhGelu(g: GraphBuilder, x: Tensor): Tensor {
  const inner = shift(g, scale(g, multiply(g, x, x), 0.044715), 1);
  return multiply(g, x, sigmoid(g, scale(g, multiply(g, x, inner), 2 * Math.sqrt(2 / Math.PI))));
}
