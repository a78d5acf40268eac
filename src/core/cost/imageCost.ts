/** What a training step costs for one image, read off the graph of that step. */
import { parameterCount } from "../model/backbones.ts";
import { attentionFlops, matrixProductFlops } from "../model/graph/flops.ts";
import { forwardNodes } from "../model/graph/graph.ts";
import { peakElements } from "../model/graph/lifetimes.ts";
import { ALL_COMPOSITES, type Composites } from "../model/graph/lower.ts";
import { trainingGraph } from "../model/graphs.ts";
import type { ModelShape } from "../model/shape.ts";

export interface ImageCost {
  /** learned parameters of the network */
  readonly parameters: number;
  /** operations of the matrix products of the forward pass; a multiply-add counts as two */
  readonly forwardFlops: number;
  /** those among them that grow with the square of the tokens */
  readonly attentionFlops: number;
  /** forward and backward pass together */
  readonly trainingFlops: number;
}

/**
 * @param visibleTokens S
 * @throws RangeError for a shape that cannot be built
 */
export const imageCost = keptPerShape((shape, visibleTokens): ImageCost => {
  const graph = trainingGraph(shape, 1, visibleTokens, ALL_COMPOSITES);
  const forward = { nodes: forwardNodes(graph) };
  return {
    parameters: parameterCount(shape),
    forwardFlops: matrixProductFlops(forward),
    attentionFlops: attentionFlops(forward),
    trainingFlops: matrixProductFlops(graph),
  };
});

const fused = keptPerShape((shape, S) => 4 * peakElements(trainingGraph(shape, 1, S, ALL_COMPOSITES)));
const writtenOut = keptPerShape((shape, S) => 4 * peakElements(trainingGraph(shape, 1, S)));

/**
 * Bytes of activations that a step keeps at once for one image; those of more images are that many times as much.
 * @param composites what the backend has as a whole: all or nothing
 * @throws RangeError for a shape that cannot be built
 */
export function activationBytes(shape: ModelShape, visibleTokens: number, composites: Composites): number {
  return (composites.size > 0 ? fused : writtenOut)(shape, visibleTokens);
}

/** Shapes whose facts are kept: an editor asks for the same ones with every key pressed, and a slider passes through many. */
const KEPT = 256;

function keptPerShape<T>(compute: (shape: ModelShape, visibleTokens: number) => T): typeof compute {
  const kept = new Map<string, T>();
  return (shape, visibleTokens) => {
    const key = JSON.stringify([shape, visibleTokens]);
    const known = kept.get(key);
    if (known !== undefined) return known;
    const value = compute(shape, visibleTokens);
    if (kept.size >= KEPT) kept.delete(kept.keys().next().value!);
    kept.set(key, value);
    return value;
  };
}
