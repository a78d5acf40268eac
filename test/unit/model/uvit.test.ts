/** First weights and widths of the U-ViT as the authors' code has them. */
import { describe, expect, it } from "vitest";
import { parameterSpecs } from "../../../src/core/model/backbones.ts";
import { sizeOf } from "../../../src/core/model/graph/graph.ts";
import { initialise } from "../../../src/core/model/parameterSpec.ts";
import { METHOD_CHOICES, type ModelShape, mlpWidth } from "../../../src/core/model/shape.ts";

const shape: ModelShape = {
  ...METHOD_CHOICES,
  imageSize: 64,
  channels: 3,
  patchSize: 4,
  embedDim: 512,
  depth: 3,
  numHeads: 8,
  numClasses: 40,
};

function firstValues(name: string): Float32Array {
  const specs = parameterSpecs(shape);
  const index = specs.findIndex((spec) => spec.name === name);
  const out = new Float32Array(sizeOf(specs[index]!.shape));
  initialise(specs[index]!, index, 5, out);
  return out;
}

const deviation = (values: Float32Array) =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

describe("first weights", () => {
  it.each(["weight", "bias"])("the patch embedding's %s is uniform within 1/sqrt(p·p·C)", (kind) => {
    const values = firstValues(`encoder.patch_embed.proj.${kind}`);
    const bound = 1 / Math.sqrt(48);
    const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    expect(largest).toBeLessThan(bound);
    expect(largest).toBeGreaterThan(0.98 * bound);
    expect(deviation(values) / (bound / Math.sqrt(3))).toBeCloseTo(1, 1);
  });

  it.each([
    ["encoder.label_emb.weight", 1],
    ["encoder.uncond_embed", 0.02],
    ["encoder.encoder_pos_embed", 0.02],
    ["encoder.mid_block.mlp.fc1.weight", 0.02],
  ])("%s is normal with deviation %f", (name, expected) => {
    expect(deviation(firstValues(name)) / expected).toBeCloseTo(1, 1);
  });
});

describe("the MLP's width", () => {
  // Python's int(embed_dim * mlp_ratio)
  it.each([
    [64, 2.7, 172],
    [512, 4, 2048],
    [100, 1.15, 114],
    [192, 2.67, 512],
  ])("%i times %f is cut to %i", (embedDim, mlpRatio, width) => {
    expect(mlpWidth({ embedDim, mlpRatio, mlp: "gelu" })).toBe(width);
  });
});
