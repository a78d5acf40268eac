import { describe, expect, it } from "vitest";
import { type ImageCost, imageCost } from "../../../src/core/cost/imageCost.ts";
import { predictTrainingMemory } from "../../../src/core/cost/memory.ts";
import { chooseMicroBatches } from "../../../src/core/cost/microBatch.ts";
import { matrixProductFlops } from "../../../src/core/model/graph/flops.ts";
import { ALL_COMPOSITES, type Composites, NO_COMPOSITES } from "../../../src/core/model/graph/lower.ts";
import { predictionGraph, trainingGraph } from "../../../src/core/model/graphs.ts";
import { METHOD_CHOICES, type ModelShape } from "../../../src/core/model/shape.ts";
import { arenaBytes } from "../../../src/trainer/engine/native/program.ts";
import { forwardFlops } from "./methodPage.ts";

const small: ModelShape = {
  ...METHOD_CHOICES,
  imageSize: 64,
  channels: 3,
  patchSize: 4,
  embedDim: 512,
  depth: 13,
  numHeads: 8,
};
const tiny: ModelShape = { ...small, imageSize: 32, embedDim: 192, depth: 5, numHeads: 4 };
const modern = { qkNorm: "rms", norm: "rms", mlp: "swiglu" } as const;
const ditS: ModelShape = { ...small, backbone: "dit", embedDim: 384, depth: 12, numHeads: 6 };

describe("cost model", () => {
  it.each([
    ["S, nothing hidden", small, 256],
    ["S, 26 tokens", small, 26],
    ["tiny, even depth", { ...tiny, depth: 4 }, 64],
    ["tiny, depth 1", { ...tiny, depth: 1 }, 7],
  ])("reads off the graph what the method page has: %s", (_, shape, visible) => {
    const expected = forwardFlops(shape, visible);
    expect(imageCost(shape, visible).forwardFlops).toBe(expected);
    expect(matrixProductFlops(predictionGraph(shape, 1, visible))).toBe(expected);
  });

  it("counts a step as three forward passes, less the gradient that the image itself does not need", () => {
    const patches = 2 * 26 * 48 * 512;
    expect(imageCost(small, 26).trainingFlops).toBe(3 * forwardFlops(small, 26) - patches);
  });

  it("counts the same products where attention is written out", () => {
    const work = (composites: Composites) => matrixProductFlops(predictionGraph(small, 3, 26, composites));
    expect(work(NO_COMPOSITES)).toBe(work(ALL_COMPOSITES));
  });

  it("counts the output convolution where it is applied: 9 C² multiply-adds for a pixel, and twice that backward", () => {
    const conv: ModelShape = { ...small, outputConv: "residual" };
    const convolution = 2 * 64 * 64 * 9 * 3 * 3;
    const [withIt, without] = [conv, small].map((shape) => imageCost(shape, 256)) as [ImageCost, ImageCost];
    expect(withIt.forwardFlops - without.forwardFlops).toBe(convolution);
    expect(withIt.trainingFlops - without.trainingFlops).toBe(3 * convolution);
    expect(imageCost(conv, 26).trainingFlops).toBe(imageCost(small, 26).trainingFlops);
  });

  it("knows attention's share, which grows with the tokens", () => {
    const { attentionFlops } = imageCost(small, 256);
    expect(attentionFlops).toBe(13 * 2 * 2 * 257 * 257 * 512);
  });

  it("makes a masked step at 0.9 about ten times cheaper than a whole one at 64 px", () => {
    const ratio = forwardFlops(small, 26) / forwardFlops(small, 256);
    expect(1 / ratio).toBeGreaterThan(9.5);
    expect(1 / ratio).toBeLessThan(12);
  });
});

describe("predicted memory", () => {
  // Peaks of `maskdm bench --backend …` on Linux, in bytes: [profile, model, visible tokens, images, peak].
  it.each([
    ["onnx", "S", small, 256, 1, 1_196_441_600],
    ["onnx", "S", small, 256, 4, 1_643_098_112],
    ["onnx", "S", small, 256, 8, 2_235_682_816],
    ["onnx", "S", small, 256, 14, 3_075_874_816],
    ["onnx", "S", small, 256, 15, 4_278_738_944],
    ["onnx", "S", small, 256, 20, 4_215_336_960],
    ["onnx", "S", small, 128, 8, 1_574_293_504],
    ["onnx", "S", small, 26, 32, 1_445_810_176],
    ["onnx", "tiny", tiny, 64, 32, 364_437_504],
    ["onnx", "tiny", tiny, 64, 128, 870_453_248],
    ["native", "S", small, 256, 1, 1_093_664_768],
    ["native", "S", small, 256, 4, 1_325_629_440],
    ["native", "S", small, 256, 8, 1_662_095_360],
    ["native", "S", small, 128, 8, 1_326_227_456],
    ["native", "S", small, 26, 32, 1_281_478_656],
    ["native", "tiny", tiny, 64, 32, 272_248_832],
    ["native", "tiny", tiny, 64, 128, 595_468_288],
    ["native", "DiT-S", ditS, 64, 16, 1_236_000_000],
    ["native", "DiT-S", ditS, 256, 16, 2_558_500_000],
    ["onnx", "DiT-S", ditS, 64, 16, 1_326_400_000],
    ["onnx", "DiT-S", ditS, 256, 16, 4_041_200_000],
    // With qk_norm, RMSNorm and SwiGLU.
    ["native", "tiny", { ...tiny, ...modern }, 64, 128, 641_843_200],
    ["native", "DiT-S", { ...ditS, ...modern }, 64, 16, 1_097_891_840],
    ["onnx", "tiny", { ...tiny, ...modern }, 64, 128, 1_000_292_352],
    ["onnx", "DiT-S", { ...ditS, ...modern }, 64, 16, 1_285_406_720],
  ] as const)("agrees with what was measured: %s, %s, %#, S = %i, %i images", (...measured) => {
    const [profile, , shape, visible, images, peak] = measured;
    const { totalBytes } = predictTrainingMemory(profile, shape, visible, images, false);
    expect(totalBytes / peak).toBeGreaterThan(0.88);
    expect(totalBytes / peak).toBeLessThan(1.12);
  });

  it("is for the native backend what its plan of the memory comes to", () => {
    for (const [shape, visible, images] of [
      [small, 256, 4],
      [small, 26, 32],
      [tiny, 7, 128],
      [{ ...small, mlpRatio: 2, depth: 6 }, 100, 3],
      [{ ...tiny, ...modern }, 64, 32],
      [{ ...ditS, ...modern }, 64, 8],
      [{ ...tiny, outputConv: "residual" }, 64, 32],
    ] as const) {
      const planned = arenaBytes(trainingGraph(shape, images, visible, ALL_COMPOSITES));
      const { activationBytes } = predictTrainingMemory("native", shape, visible, images);
      expect(activationBytes / planned).toBeGreaterThan(0.97);
      expect(activationBytes / planned).toBeLessThan(1.06);
    }
  });

  it("chooses the largest divisor of the batch that fits", () => {
    const shape = small;
    const wish = { batchSize: 32, wanted: "auto", budgetBytes: 5 * 2 ** 30 } as const;
    const [choice] = chooseMicroBatches("onnx", shape, [256], wish);
    expect(choice).toMatchObject({ microBatchSize: 16, fits: true });
    expect(choice!.predictedBytes).toBeLessThan(5 * 2 ** 30);
    expect(predictTrainingMemory("onnx", shape, 256, 32).totalBytes).toBeGreaterThan(5 * 2 ** 30);
    expect(chooseMicroBatches("native", shape, [256], wish)).toMatchObject([{ microBatchSize: 32, fits: true }]);
  });

  it("says so when even one image does not fit", () => {
    const wish = { batchSize: 32, wanted: "auto", budgetBytes: 2 ** 30 } as const;
    const [choice] = chooseMicroBatches("onnx", small, [256], wish);
    expect(choice).toMatchObject({ microBatchSize: 1, fits: false });
  });
});
