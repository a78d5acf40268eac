/** Every admissible mask is equally likely (method section 4). Seeds are fixed, so that a pass stays a pass. */
import { describe, expect, it } from "vitest";
import { drawVisibleTokens, type MaskConfig, maskGeometry } from "../../../src/core/masks/masks.ts";
import { RandomStream } from "../../../src/core/random/streams.ts";
import { chiSquareTail, uniformityP } from "../random/chiSquare.ts";

const P = 1e-4;
const config = (change: Partial<MaskConfig>): MaskConfig => ({
  strategy: "patch",
  rate: 0.5,
  blockSize: 1,
  cellSize: 2,
  cropSize: null,
  ...change,
});

/** How often each mask came, over `draws` images: 8 of a step, as a batch would draw them. */
function countMasks(mask: MaskConfig, grid: number, draws: number, seed = 11): Map<string, number> {
  const geometry = maskGeometry(mask, grid);
  const counts = new Map<string, number>();
  for (let i = 0; i < draws; i++) {
    const stream = new RandomStream({ seed, stage: "pretrain", stream: "mask", step: i >> 3, item: i & 7 });
    const key = drawVisibleTokens(geometry, stream).join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** n choose k */
const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);

describe("all admissible masks are equally likely", () => {
  it.each([
    ["patch, 3 of 4 hidden", config({ rate: 0.75 }), 2, 4],
    ["patch, half of 4", config({ rate: 0.5 }), 2, choose(4, 2)],
    ["patch, 4 of 9 hidden", config({ rate: 0.5 }), 3, choose(9, 5)],
    ["patch, 8 of 9 hidden", config({ rate: 0.9 }), 3, 9],
    ["patch, 12 of 16 hidden", config({ rate: 0.75 }), 4, choose(16, 4)],
    ["block 2, 2 of 4 blocks", config({ strategy: "block", blockSize: 2, rate: 0.5 }), 4, choose(4, 2)],
    ["block 2, 6 of 9 blocks hidden", config({ strategy: "block", blockSize: 2, rate: 0.7 }), 6, choose(9, 3)],
    ["block 4, 14 of 16 blocks hidden", config({ strategy: "block", blockSize: 4, rate: 0.9 }), 16, choose(16, 2)],
    ["stratified 2, 2 of each of 4", config({ strategy: "stratified", cellSize: 2 }), 4, choose(4, 2) ** 4],
    ["stratified 2, 1 of each of 4", config({ strategy: "stratified", cellSize: 2, rate: 0.9 }), 4, 4 ** 4],
    ["stratified 3, 1 of each of 4", config({ strategy: "stratified", cellSize: 3, rate: 0.9 }), 6, 9 ** 4],
    ["crop 5 on 16: (16-5+1)² places", config({ strategy: "crop", rate: 0.9 }), 16, 144],
    ["crop 15 on 16: 4 places", config({ strategy: "crop", cropSize: 15 }), 16, 4],
    ["crop 3 on 7: 25 places", config({ strategy: "crop", cropSize: 3 }), 7, 25],
  ])("%s", (_, mask, grid, masks) => {
    const counts = countMasks(mask, grid, masks * 60);
    expect(counts.size).toBe(masks);
    expect(uniformityP([...counts.values()])).toBeGreaterThan(P);
  });
});

describe("on a grid too large to list its masks", () => {
  it.each([
    ["patch", config({ rate: 0.9 }), 1],
    ["block 2", config({ strategy: "block", blockSize: 2, rate: 0.9 }), 2],
  ])("%s: every unit, and every pair of units, is visible equally often", (_, mask, b) => {
    const g = 16;
    const geometry = maskGeometry(mask, g);
    const side = g / b;
    const units = side * side;
    const S = geometry.visibleTokens / (b * b);
    const draws = 20_000;
    const single = new Float64Array(units);
    const pair = new Float64Array(units * units);
    for (let step = 0; step < draws; step++) {
      const stream = new RandomStream({ seed: 3, stage: "finetune", stream: "mask", step, item: 0 });
      const shown = new Set<number>();
      for (const token of drawVisibleTokens(geometry, stream)) {
        shown.add(Math.floor(Math.floor(token / g) / b) * side + Math.floor((token % g) / b));
      }
      expect(shown.size).toBe(S);
      const list = [...shown];
      for (let i = 0; i < S; i++) {
        single[list[i]!]!++;
        for (let j = i + 1; j < S; j++) pair[list[i]! * units + list[j]!]!++;
      }
    }
    // S of `units` without replacement: the counts of units have covariance draws·(S/units)(1-S/units)·(I - J/units)·units/(units-1),
    // so the usual statistic over (units-S)/(units-1) is chi-square with units-1 degrees of freedom.
    const expected = (draws * S) / units;
    const statistic = single.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    const p = chiSquareTail((statistic * (units - 1)) / (units - S), units - 1);
    expect(p).toBeGreaterThan(P);
    expect(p).toBeLessThan(1 - P);

    // Pairs: each count is binomial; the largest of them all must stay within what so many binomials reach.
    const share = (S * (S - 1)) / (units * (units - 1));
    const deviation = Math.sqrt(draws * share * (1 - share));
    let largest = 0;
    for (let i = 0; i < units; i++) {
      for (let j = i + 1; j < units; j++) {
        const count = pair[i * units + j]!;
        largest = Math.max(largest, Math.abs(count - draws * share) / deviation);
      }
    }
    expect(largest).toBeLessThan(5.5);
  });
});

describe("the test would see a flaw", () => {
  it("windows drawn over one place too few are caught", () => {
    const counts = countMasks(config({ strategy: "crop", cropSize: 3 }), 7, 25 * 60);
    const [first, ...others] = [...counts.values()];
    expect(uniformityP([0, ...others.slice(0, -1), others.at(-1)! + first!])).toBeLessThan(1e-8);
  });
});
