import { describe, expect, it } from "vitest";
import { forwardFlops } from "../../../src/core/cost/flops.ts";
import { backboneShape, parameterCount } from "../../../src/core/cost/parameters.ts";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import type { Experiment } from "../../../src/core/experiment/schema.ts";
import { modelShape, parameterSpecs } from "../../../src/core/model/parameters.ts";

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
  ])("%s: as many numbers as the tensors of the model hold", (_, text) => {
    const experiment = experimentOf(text);
    const specs = parameterSpecs(modelShape(experiment));
    const total = specs.reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);
    expect(parameterCount(experiment.model, experiment.data)).toBe(total);
  });

  it("MaskDM-S has about 44 million parameters", () => {
    const { model, data } = experimentOf("");
    expect(parameterCount(model, data)).toBeGreaterThan(44e6);
    expect(parameterCount(model, data)).toBeLessThan(45e6);
  });
});

describe("backboneShape", () => {
  it("an even depth costs what the odd one above it costs", () => {
    const shape = (depth: number) => {
      const { model, data } = experimentOf(`model: {depth: ${depth}}\n`);
      return forwardFlops(backboneShape(model, data), 256);
    };
    expect(shape(12)).toBe(shape(13));
    expect(shape(12)).toBeGreaterThan(shape(11));
  });
});
