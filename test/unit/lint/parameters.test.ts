import { describe, expect, it } from "vitest";
import { imageCost } from "../../../src/core/cost/imageCost.ts";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import type { Experiment } from "../../../src/core/experiment/schema.ts";
import { parameterCount } from "../../../src/core/model/backbones.ts";
import { modelShape } from "../../../src/core/model/shape.ts";
import { parameterCount as byMethodPage } from "../cost/methodPage.ts";

function experimentOf(text: string): Experiment {
  const parsed = parseExperiment(`data:\n  path: x\n${text}`);
  if (!parsed.ok) throw new Error(parsed.diagnostics[0]!.message);
  return parsed.experiment;
}

describe("parameterCount", () => {
  it.each([
    ["MaskDM-S at 64 px", "  image_size: 64\n"],
    ["MaskDM-B at 256 px", "  image_size: 256\nmodel: {embed_dim: 768, depth: 12, num_heads: 12}\n"],
    [
      "grey, with labels, biases and a time MLP",
      "  channels: 1\n  labels: folders\nmodel: {num_classes: 7, qkv_bias: true, time_embedding: mlp, patch_size: 8}\n",
    ],
    ["a rounded MLP width", "model: {embed_dim: 100, num_heads: 4, mlp_ratio: 2.755, depth: 1}\n"],
  ])("%s: as many numbers as the tensors of the method page hold", (_, text) => {
    const experiment = experimentOf(text);
    const shape = modelShape(experiment);
    expect(parameterCount(shape)).toBe(byMethodPage(shape));
  });

  it("MaskDM-S has about 44 million parameters", () => {
    const parameters = parameterCount(modelShape(experimentOf("")));
    expect(parameters).toBeGreaterThan(44e6);
    expect(parameters).toBeLessThan(45e6);
  });
});

it("an even depth costs what the odd one above it costs", () => {
  const flops = (depth: number) => imageCost(modelShape(experimentOf(`model: {depth: ${depth}}\n`)), 256).forwardFlops;
  expect(flops(12)).toBe(flops(13));
  expect(flops(12)).toBeGreaterThan(flops(11));
});
