/**
 * A static graph of array operations. The model is written once against GraphBuilder; a backend either compiles the finished
 * graph (ONNX) or walks it node by node (TensorFlow.js).
 */

export type DType = "float32" | "int32";

/** A value of the graph. */
export interface Tensor {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** The operations a backend has to know. Shapes are static; `add`, `sub`, `mul` and `div` broadcast as NumPy does. */
export type Operation = PrimitiveOperation | CompositeOperation;

/** What every backend knows. */
export type PrimitiveOperation =
  /** a · b over the last two axes, leading axes alike (or b of rank 2); alpha scales the product */
  | { readonly kind: "matmul"; readonly transA: boolean; readonly transB: boolean; readonly alpha: number }
  /** alpha * x[r, i] · weight[o, i]ᵀ + beta * bias[o]; bias is optional */
  | { readonly kind: "linear"; readonly alpha: number; readonly beta: number }
  | { readonly kind: "add" | "sub" | "mul" | "erf" | "exp" | "sigmoid" | "rsqrt" }
  /** in updates only: training graphs have neither */
  | { readonly kind: "div" | "sqrt" }
  | { readonly kind: "scale"; readonly factor: number }
  /** x + term, a scalar */
  | { readonly kind: "shift"; readonly term: number }
  /** term - x, the term a scalar */
  | { readonly kind: "subtractFrom"; readonly term: number }
  | { readonly kind: "reshape" }
  | { readonly kind: "transpose"; readonly permutation: readonly number[] }
  /** equal parts along an axis; one output each */
  | { readonly kind: "split"; readonly axis: number; readonly parts: readonly number[] }
  | { readonly kind: "concat"; readonly axis: number }
  /** rows of table[n, d] named by index[m] */
  | { readonly kind: "gatherRows" }
  /** out[rows, d] with source[m, d] added at index[m] */
  | { readonly kind: "scatterAddRows"; readonly rows: number }
  | { readonly kind: "sum"; readonly axes: readonly number[]; readonly keepDims: boolean }
  /** over the last axis: outputs y, mean and inverse deviation (the latter two keep the axis) */
  | { readonly kind: "layerNorm"; readonly epsilon: number }
  /** over the last axis */
  | { readonly kind: "softmax" };

/**
 * Operations that a backend may have as a whole; for the others they are written out as several of those above (lower.ts).
 * Matrices of rows [B · n, …] hold B sequences of n tokens.
 */
export type CompositeOperation =
  /** qkv [B · n, 3 D] to attended values [B · n, D] and the logarithms of the softmax's denominators [B, heads, n] */
  | { readonly kind: "selfAttention"; readonly batchSize: number; readonly heads: number }
  /** qkv, both outputs and the gradient of the first to the gradient of qkv */
  | { readonly kind: "selfAttentionGradient"; readonly batchSize: number; readonly heads: number }
  /** dy, x, gain, mean, inverse deviation to the gradients of x, gain and bias */
  | { readonly kind: "layerNormGradient" }
  /** over the last axis: x and gain to y and the inverse root of the mean square (which keeps the axis) */
  | { readonly kind: "rmsNorm"; readonly epsilon: number }
  /** dy, x, gain, inverse root to the gradients of x and gain */
  | { readonly kind: "rmsNormGradient" }
  /**
   * rmsNorm of queries and keys over each head's part: qkv [B · n, 3 D] and the gains of both to normalised qkv and the inverse roots
   * of queries and of keys, [B · n · heads, 1] each
   */
  | { readonly kind: "queryKeyNorm"; readonly heads: number; readonly epsilon: number }
  /** gradient of normalised qkv, qkv, both gains and inverse roots to the gradients of qkv and of both gains */
  | { readonly kind: "queryKeyNormGradient"; readonly heads: number }
  /** [gate, value] of [rows, 2 h] to silu(gate) · value of [rows, h] */
  | { readonly kind: "siluGate" }
  /** [gate, value], dy to the gradient of [gate, value] */
  | { readonly kind: "siluGateGradient" }
  /** u (1 + erf(u)) */
  | { readonly kind: "erfGate" }
  /** u, dy to the gradient of u */
  | { readonly kind: "erfGateGradient" };

const COMPOSITES: Readonly<Record<CompositeOperation["kind"], true>> = {
  selfAttention: true,
  selfAttentionGradient: true,
  layerNormGradient: true,
  rmsNorm: true,
  rmsNormGradient: true,
  queryKeyNorm: true,
  queryKeyNormGradient: true,
  siluGate: true,
  siluGateGradient: true,
  erfGate: true,
  erfGateGradient: true,
};

export const COMPOSITE_KINDS = Object.keys(COMPOSITES) as readonly CompositeOperation["kind"][];

export const isComposite = (operation: Operation): operation is CompositeOperation => operation.kind in COMPOSITES;

/** For backends without composites. @throws RangeError for one */
export function primitiveOf(operation: Operation): PrimitiveOperation {
  if (isComposite(operation)) throw new RangeError(`${operation.kind} is for backends that have it as a whole`);
  return operation;
}

export interface GraphNode {
  readonly operation: Operation;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

export interface GraphInput {
  readonly name: string;
  readonly tensor: Tensor;
}

export interface GraphOutput extends GraphInput {
  /** whether runs over the parts of a batch are to be summed: a gradient is, a loss of each image is not */
  readonly additive: boolean;
}

export interface Graph {
  readonly inputs: readonly GraphInput[];
  /** in an order of execution */
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly GraphOutput[];
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** An id above those of all tensors of a graph. */
export function freeId(graph: Graph): number {
  const ids = [...graph.inputs.map(({ tensor }) => tensor), ...graph.nodes.flatMap(({ outputs }) => outputs)];
  return 1 + ids.reduce((highest, { id }) => Math.max(highest, id), 0);
}

/** The nodes of a training graph up to its losses, which are the outputs that are not additive. */
export function forwardNodes({ nodes, outputs }: Graph): GraphNode[] {
  const losses = new Set(outputs.flatMap(({ tensor, additive }) => (additive ? [] : [tensor.id])));
  return nodes.slice(0, 1 + nodes.findLastIndex((node) => node.outputs.some(({ id }) => losses.has(id))));
}

/** The graph without the nodes that no output needs. */
export function pruned(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map((output) => output.tensor.id));
  const nodes: GraphNode[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    if (!node.outputs.some((output) => needed.has(output.id))) continue;
    for (const input of node.inputs) needed.add(input.id);
    nodes.push(node);
  }
  return {
    inputs: graph.inputs.filter((input) => needed.has(input.tensor.id)),
    nodes: nodes.reverse(),
    outputs: graph.outputs,
  };
}
