/** The DiT against what Peebles & Xie (2022) and their code say of it; its numbers are held against PyTorch in ../engine. */
import { describe, expect, it } from "vitest";
import { parameterCount, parameterSpecs } from "../../../src/core/model/backbones.ts";
import { gridPositions } from "../../../src/core/model/gridPositions.ts";
import { initialise } from "../../../src/core/model/parameterSpec.ts";
import { METHOD_CHOICES, type ModelShape } from "../../../src/core/model/shape.ts";

/** Latents of 32 x 32 with 4 channels and 1000 classes, as in the paper; patches of 2. */
const paper: ModelShape = {
  ...METHOD_CHOICES,
  backbone: "dit",
  imageSize: 32,
  channels: 4,
  patchSize: 2,
  embedDim: 384,
  depth: 12,
  numHeads: 6,
  numClasses: 1000,
};

describe("parameters", () => {
  // Millions in table 1 of the paper. Theirs predict a variance, too, and hold the positions.
  it.each([
    ["S", 384, 12, 6, 33],
    ["B", 768, 12, 12, 130],
    ["L", 1024, 24, 16, 458],
  ])("of DiT-%s are as many as published", (_, embedDim, depth, numHeads, millions) => {
    const shape = { ...paper, embedDim, depth, numHeads };
    const variance = 2 * 2 * 4 * (embedDim + 1);
    const positions = 256 * embedDim;
    expect(Math.abs((parameterCount(shape) + variance + positions) / 1e6 - millions)).toBeLessThan(0.6);
  });

  it("begin as the identity: what steers the blocks and the output layer are zero", () => {
    const zero = parameterSpecs(paper).filter(({ init }) => init === "zeros");
    const names = zero.map(({ name }) => name).filter((name) => name.endsWith("weight"));
    expect(names).toHaveLength(12 + 2);
    for (const name of names) expect(name).toMatch(/adaLN_modulation|final_layer\.linear/);
  });

  it("begin within Xavier's bound, spread over all of it", () => {
    const specs = parameterSpecs(paper);
    const index = specs.findIndex(({ name }) => name === "blocks.3.mlp.fc1.weight");
    const values = new Float32Array(1536 * 384);
    initialise(specs[index]!, index, 1, values);
    const bound = Math.sqrt(6 / (384 + 1536));
    const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [1, -1]);
    expect(high).toBeLessThan(bound);
    expect(high).toBeGreaterThan(0.999 * bound);
    expect(low).toBeLessThan(-0.999 * bound);
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(variance / (bound ** 2 / 3)).toBeCloseTo(1, 2);
  });
});

describe("positions", () => {
  it("tell the column in the first half and the row in the second, sines before cosines", () => {
    const D = 8;
    const at = (row: number, column: number) => [
      ...gridPositions({ rows: 4, columns: 4 }, D)
        .subarray((row * 4 + column) * D)
        .subarray(0, D),
    ];
    const expected = [3, 1].flatMap((coordinate) => [
      ...[Math.sin(coordinate), Math.sin(coordinate / 100)],
      ...[Math.cos(coordinate), Math.cos(coordinate / 100)],
    ]);
    at(1, 3).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 6);
    });
    expect(at(0, 0)).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
  });
});
