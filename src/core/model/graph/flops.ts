/** Arithmetic of a graph's matrix products; everything else a network does is a few percent of it. */
import { type Graph, type GraphNode, sizeOf } from "./graph.ts";

/** Operations of the matrix products of a graph, or of some of its nodes; a multiply-add counts as two. */
export function matrixProductFlops({ nodes }: Pick<Graph, "nodes">): number {
  return nodes.reduce((flops, node) => flops + productFlops(node), 0);
}

/** Operations of the products in which every token meets every other one: their work grows with the square of the tokens. */
export function attentionFlops({ nodes }: Pick<Graph, "nodes">): number {
  return matrixProductFlops({ nodes: nodes.filter(({ operation }) => operation.kind.startsWith("selfAttention")) });
}

function productFlops({ operation, inputs, outputs }: GraphNode): number {
  switch (operation.kind) {
    case "linear":
      return 2 * sizeOf(outputs[0]!.shape) * inputs[1]!.shape[1]!;
    case "matmul": {
      const a = inputs[0]!.shape;
      return 2 * sizeOf(outputs[0]!.shape) * a[operation.transA ? a.length - 2 : a.length - 1]!;
    }
    // q kᵀ and weights · v forward, two products for each of them backward; what a backend computes again is not counted.
    case "selfAttention":
      return 2 * attentionProduct(operation.batchSize, inputs[0]!.shape);
    case "selfAttentionGradient":
      return 4 * attentionProduct(operation.batchSize, inputs[0]!.shape);
    default:
      return 0;
  }
}

/** One product of [n, d] with [d, n] for every head and image. @param qkv [B · n, 3 D] */
function attentionProduct(batchSize: number, [rows, width]: readonly number[]): number {
  return 2 * rows! * (rows! / batchSize) * (width! / 3);
}
