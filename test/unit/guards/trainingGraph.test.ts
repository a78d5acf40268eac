/**
 * What a training step has to do, counted from its graph, so that no machine's mood matters. The bounds are what the graph had
 * when they were written: one that is exceeded asks for a reason, and is only then raised.
 */
import { describe, expect, it } from "vitest";
import { imageCost } from "../../../src/core/cost/imageCost.ts";
import { matrixProductFlops } from "../../../src/core/model/graph/flops.ts";
import { trainingGraph } from "../../../src/core/model/graphs.ts";
import { emitOnnx } from "../../../src/trainer/engine/onnx/emit.ts";
import { forwardFlops } from "../cost/methodPage.ts";
import { base, small, tiny, visible } from "./presets.ts";

const BATCH = 32;
/** What each block computes again so as not to keep it: two normalisations, a gate, attended values and their shape. */
const AGAIN = 5;
/** Nodes of a network with one block: patches, position and time in, the block, patches and loss out, with all gradients. */
const ENDS_AND_MIDDLE = 138 + AGAIN + 1;
/** Nodes of an in-block, the out-block it is joined with, and the join, with all gradients. */
const PAIR_OF_BLOCKS = 179 + 2 * AGAIN;
/** Bytes of the ONNX model for a node, its names and shapes. */
const BYTES_PER_NODE = 140;

const cases = [
  ["tiny, masked", tiny, 0.9],
  ["tiny, whole", tiny, 0],
  ["S, masked", small, 0.9],
  ["S, whole", small, 0],
  ["B at 256 px, masked", base, 0.9],
] as const;

describe("the graph of a training step", () => {
  it.each(cases)("%s: has no more nodes than its blocks account for", (_, shape, rate) => {
    const graph = trainingGraph(shape, BATCH, visible(shape, rate));
    const bound = ENDS_AND_MIDDLE + Math.floor(shape.depth / 2) * PAIR_OF_BLOCKS;
    expect(graph.nodes.length).toBeLessThanOrEqual(bound);
  });

  it("has as many nodes for a large batch and many tokens as for small ones", () => {
    const nodes = (batch: number, tokens: number) => trainingGraph(tiny, batch, tokens).nodes.length;
    expect(nodes(128, 40)).toBe(nodes(1, 2));
  });

  it.each(cases)("%s: multiplies what the cost model says", (_, shape, rate) => {
    const tokens = visible(shape, rate);
    const counted = matrixProductFlops(trainingGraph(shape, BATCH, tokens));
    const ratio = counted / (BATCH * imageCost(shape, tokens).trainingFlops);
    // Written out, gradients of normalisations have products with vectors.
    expect(ratio).toBeGreaterThan(0.98);
    expect(ratio).toBeLessThan(1.02);
  });

  it.each([
    ["tiny", tiny, 0.14],
    ["S", small, 0.13],
    ["B at 256 px", base, 0.13],
  ] as const)("%s: nine tenths masked costs little more than a tenth", (_, shape, bound) => {
    const work = (rate: number) => matrixProductFlops(trainingGraph(shape, 4, visible(shape, rate)));
    const ideal = forwardFlops(shape, visible(shape, 0.9)) / forwardFlops(shape, visible(shape, 0));
    const ratio = work(0.9) / work(0);
    expect(ratio).toBeLessThan(bound);
    expect(ratio / ideal).toBeLessThan(1.02);
  });

  it.each(cases)("%s: is a small model file, whatever the number of weights", (_, shape, rate) => {
    const tokens = visible(shape, rate);
    const graph = trainingGraph(shape, BATCH, tokens);
    const bytes = emitOnnx(graph).length;
    // Sums over rows are products with constants of ones: one for the patches, one for all tokens.
    const ones = 2 * 4 * BATCH * (tokens + 1);
    expect(bytes).toBeLessThan(graph.nodes.length * BYTES_PER_NODE + ones);
  });
});
