import { describe, expect, it } from "vitest";
import { forwardFlops } from "../../../src/core/cost/flops.ts";
import { predictTrainingMemory } from "../../../src/core/cost/memory.ts";
import { chooseMicroBatch } from "../../../src/core/cost/microBatch.ts";
import { parameterCount } from "../../../src/core/cost/parameters.ts";
import { matrixProductFlops } from "../../../src/trainer/engine/graph/graph.ts";
import { predictionGraph, trainingGraph } from "../../../src/trainer/engine/model/graphs.ts";
import { type ModelShape, parameterSpecs } from "../../../src/trainer/engine/model/parameters.ts";
import { countElements } from "../../../src/trainer/engine/model/uvit.ts";

const small: ModelShape = {
  imageSize: 64,
  channels: 3,
  patchSize: 4,
  embedDim: 512,
  depth: 13,
  numHeads: 8,
  mlpRatio: 4,
  qkvBias: false,
  timeMlp: false,
  numClasses: 0,
};
const tiny: ModelShape = { ...small, imageSize: 32, embedDim: 192, depth: 5, numHeads: 4 };

const memoryShape = (shape: ModelShape) => ({
  embedDim: shape.embedDim,
  depth: shape.depth,
  mlpRatio: shape.mlpRatio,
  numHeads: shape.numHeads,
  tokenElements: shape.patchSize ** 2 * shape.channels,
  extraTokens: 1,
  parameters: countElements(parameterSpecs(shape)),
});

describe("cost model", () => {
  it.each([
    ["S, nothing hidden", small, 256],
    ["S, 26 tokens", small, 26],
    ["tiny, even depth", { ...tiny, depth: 4 }, 64],
    ["tiny, depth 1", { ...tiny, depth: 1 }, 7],
  ])("counts the matrix products of the graph that runs: %s", (_, shape, visible) => {
    expect(matrixProductFlops(predictionGraph(shape, 1, visible))).toBe(forwardFlops(memoryShape(shape), visible));
  });

  it("counts a step as three forward passes, to within the small products that gradients of vectors add", () => {
    const counted = matrixProductFlops(trainingGraph(small, 2, 26));
    const ratio = counted / (6 * forwardFlops(memoryShape(small), 26));
    expect(ratio).toBeGreaterThan(0.99);
    expect(ratio).toBeLessThan(1.01);
  });

  it("counts the parameters of the network that is built", () => {
    const model = { patch_size: 4, embed_dim: 512, depth: 13, num_heads: 8, mlp_ratio: 4, qkv_bias: false } as const;
    const sizes = { ...model, time_embedding: "sinusoidal", num_classes: 0 } as const;
    expect(parameterCount(sizes, { image_size: 64, channels: 3 })).toBe(countElements(parameterSpecs(small)));
  });

  it("makes a masked step at 0.9 about ten times cheaper than a whole one at 64 px", () => {
    const ratio = forwardFlops(memoryShape(small), 26) / forwardFlops(memoryShape(small), 256);
    expect(1 / ratio).toBeGreaterThan(9.5);
    expect(1 / ratio).toBeLessThan(12);
  });
});

describe("predicted memory", () => {
  // Peaks of `maskdm bench` on Linux, in bytes: [model, visible tokens, images, peak].
  it.each([
    ["S", small, 256, 1, 1_671_143_424],
    ["S", small, 256, 4, 2_744_569_856],
    ["S", small, 256, 8, 4_173_340_672],
    ["S", small, 128, 8, 2_715_922_432],
    ["S", small, 26, 32, 2_457_288_704],
    ["tiny", tiny, 64, 32, 723_415_040],
    ["tiny", tiny, 64, 128, 2_106_937_344],
  ])("agrees with what was measured: %s, %#, S = %i, %i images", (_, shape, visible, images, measured) => {
    const { totalBytes } = predictTrainingMemory(memoryShape(shape), visible, images, false);
    expect(totalBytes / measured).toBeGreaterThan(0.88);
    expect(totalBytes / measured).toBeLessThan(1.12);
  });

  it("chooses the largest divisor of the batch that fits", () => {
    const shape = memoryShape(small);
    const choice = chooseMicroBatch(shape, 256, 32, 5 * 2 ** 30);
    expect(choice).toMatchObject({ microBatchSize: 8, fits: true });
    expect(choice.predictedBytes).toBeLessThan(6e9);
    expect(predictTrainingMemory(shape, 256, 16).totalBytes).toBeGreaterThan(5 * 2 ** 30);
  });

  it("says so when even one image does not fit", () => {
    expect(chooseMicroBatch(memoryShape(small), 256, 32, 2 ** 30)).toMatchObject({ microBatchSize: 1, fits: false });
  });
});
