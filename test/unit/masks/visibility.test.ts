import { describe, expect, it } from "vitest";
import { drawVisibleTokens, type MaskConfig, maskGeometry } from "../../../src/core/masks/masks.ts";
import { summarizeVisibility, visibilityProbability } from "../../../src/core/masks/visibility.ts";
import { RandomStream } from "../../../src/core/random/streams.ts";

const mask = (change: Partial<MaskConfig>): MaskConfig => ({
  strategy: "patch",
  rate: 0.5,
  blockSize: 2,
  cellSize: 2,
  cropSize: null,
  ...change,
});

describe("visibilityProbability", () => {
  it("is S/N everywhere for patch, block, stratified and none", () => {
    for (const config of [
      mask({}),
      mask({ strategy: "block", rate: 0.75 }),
      mask({ strategy: "stratified" }),
      mask({ strategy: "none" }),
    ]) {
      const geometry = maskGeometry(config, 8);
      const probability = visibilityProbability(geometry);
      expect(new Set(probability)).toEqual(new Set([geometry.visibleTokens / 64]));
    }
  });

  it("counts for crop the windows that hold a token, here one by one", () => {
    for (const [g, c] of [
      [5, 2],
      [4, 3],
      [6, 6],
      [3, 1],
    ] as const) {
      const counts = new Float64Array(g * g);
      const places = g - c + 1;
      for (let top = 0; top < places; top++)
        for (let left = 0; left < places; left++)
          for (let y = 0; y < c; y++) for (let x = 0; x < c; x++) counts[(top + y) * g + left + x]! += 1;
      const probability = visibilityProbability(maskGeometry(mask({ strategy: "crop", cropSize: c }), g));
      probability.forEach((value, token) => {
        expect(value).toBeCloseTo(counts[token]! / places ** 2, 12);
      });
    }
  });

  it("agrees with what is drawn, within what chance allows", () => {
    const draws = 4000;
    for (const config of [
      mask({}),
      mask({ strategy: "block" }),
      mask({ strategy: "stratified", cellSize: 4, rate: 0.9 }),
      mask({ strategy: "crop" }),
    ]) {
      const geometry = maskGeometry(config, 8);
      const counts = new Uint32Array(64);
      for (let item = 0; item < draws; item++) {
        const stream = new RandomStream({ seed: 3, stage: "pretrain", stream: "mask", step: 0, item });
        for (const token of drawVisibleTokens(geometry, stream)) counts[token]! += 1;
      }
      const { sigmas } = summarizeVisibility(geometry, counts, draws);
      expect(Math.abs(sigmas)).toBeLessThan(5);
    }
  });
});

it("summarizeVisibility names the token farthest off", () => {
  const geometry = maskGeometry(mask({}), 2);
  const summary = summarizeVisibility(geometry, Uint32Array.of(50, 52, 40, 58), 100);
  expect(summary).toMatchObject({ least: 0.4, most: 0.58, farthestToken: 2 });
  expect(summary.deviation).toBeCloseTo(-0.1, 12);
  expect(summary.sigmas).toBeCloseTo(-2, 12);
});
