/** Where the pieces of a network are built; each piece stands in a file with its parameters and its graph. */
import type { GraphBuilder } from "../graph/builder.ts";
import type { Tensor } from "../graph/graph.ts";
import { type LinearScale, linear } from "../graph/operations.ts";
import type { ModelShape } from "../shape.ts";

/** A network's learned tensors and constants by name. @throws RangeError for a name that it does not have */
export type Tensors = (name: string) => Tensor;

export interface Scope {
  readonly g: GraphBuilder;
  readonly shape: ModelShape;
  readonly tensors: Tensors;
  /** B; matrices of rows hold the tokens of B images one after the other */
  readonly batchSize: number;
}

/** A linear layer with its bias: [rows, in] to [rows, out]. */
export function dense({ g, tensors }: Scope, x: Tensor, name: string, factors: LinearScale = {}): Tensor {
  return linear(g, x, tensors(`${name}.weight`), tensors(`${name}.bias`), factors);
}
