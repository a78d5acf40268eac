import { describe, expect, it } from "vitest";
import {
  cropSizeForRate,
  drawVisibleTokens,
  type MaskConfig,
  type MaskGeometry,
  maskGeometry,
} from "../../../src/core/masks/masks.ts";
import { RandomStream } from "../../../src/core/random/streams.ts";

const config = (change: Partial<MaskConfig>): MaskConfig => ({
  strategy: "patch",
  rate: 0.9,
  blockSize: 1,
  cellSize: 2,
  cropSize: null,
  ...change,
});
const maskStream = (step: number, item = 0) =>
  new RandomStream({ seed: 5, stage: "pretrain", stream: "mask", step, item });

// Method section 4: [grid, asked, config, hidden tokens, S, effective rate as printed there]
const GRID_64 = 16;
const GRID_256 = 64;
const block = (blockSize: number) => ({ strategy: "block", blockSize }) as const;
const stratified = (cellSize: number) => ({ strategy: "stratified", cellSize }) as const;
const crop = (cropSize: number) => ({ strategy: "crop", cropSize }) as const;
const fromRate = { strategy: "crop", cropSize: null } as const;
const TABLE: [number, number, Partial<MaskConfig>, number, number, string][] = [
  [GRID_64, 0.1, {}, 25, 231, "0.0977"],
  [GRID_64, 0.1, block(2), 24, 232, "0.09375"],
  [GRID_64, 0.1, block(4), 16, 240, "0.0625"],
  [GRID_64, 0.1, block(8), 0, 256, "0"],
  [GRID_64, 0.1, crop(15), 31, 225, "0.1211"],
  [GRID_64, 0.1, fromRate, 31, 225, "0.1211"],
  [GRID_64, 0.5, {}, 128, 128, "0.5"],
  [GRID_64, 0.5, block(2), 128, 128, "0.5"],
  [GRID_64, 0.5, block(4), 128, 128, "0.5"],
  [GRID_64, 0.5, block(8), 128, 128, "0.5"],
  [GRID_64, 0.5, crop(11), 135, 121, "0.5273"],
  [GRID_64, 0.5, fromRate, 135, 121, "0.5273"],
  [GRID_64, 0.9, {}, 230, 26, "0.8984"],
  [GRID_64, 0.9, block(2), 228, 28, "0.890625"],
  [GRID_64, 0.9, block(4), 224, 32, "0.875"],
  [GRID_64, 0.9, block(8), 192, 64, "0.75"],
  [GRID_64, 0.9, crop(5), 231, 25, "0.9023"],
  [GRID_64, 0.9, fromRate, 231, 25, "0.9023"],
  [GRID_64, 0.1, stratified(2), 0, 256, "0"],
  [GRID_64, 0.1, stratified(4), 16, 240, "0.0625"],
  [GRID_64, 0.5, stratified(2), 128, 128, "0.5"],
  [GRID_64, 0.75, stratified(2), 192, 64, "0.75"],
  [GRID_64, 0.9, stratified(2), 192, 64, "0.75"],
  [GRID_64, 0.9, stratified(4), 224, 32, "0.875"],
  [GRID_64, 0.9, stratified(8), 228, 28, "0.890625"],
  [GRID_64, 0.9, stratified(16), 230, 26, "0.8984"],
  [GRID_256, 0.9, {}, 3686, 410, "0.8999"],
  [GRID_256, 0.9, block(4), 3680, 416, "0.8984"],
  [GRID_256, 0.7, block(4), 2864, 1232, "0.6992"],
];

describe("effective rates", () => {
  it.each(TABLE)("grid %i, asked %f, %o: %i hidden, S = %i, rate %s", (grid, rate, change, hidden, S, printed) => {
    const geometry = maskGeometry(config({ ...change, rate }), grid);
    const digits = printed.split(".")[1]?.length ?? 0;
    expect(geometry.tokens).toBe(grid * grid);
    expect(geometry.visibleTokens).toBe(S);
    expect(geometry.tokens - geometry.visibleTokens).toBe(hidden);
    expect(geometry.effectiveRate).toBe(hidden / (grid * grid));
    expect(geometry.effectiveRate.toFixed(digits)).toBe(printed);
    expect(geometry.askedRate).toBe(rate);
  });

  it("c from a rate: 15, 11 and 5 on a grid of 16", () => {
    expect([0.1, 0.5, 0.9].map((rate) => cropSizeForRate(rate, 256))).toEqual([15, 11, 5]);
    expect(maskGeometry(config({ strategy: "crop" }), 16).cropSize).toBe(5);
  });

  it("c rounds halves up and is at least 1", () => {
    // sqrt(0.25 · 9) = 1.5
    expect(cropSizeForRate(0.75, 9)).toBe(2);
    expect(cropSizeForRate(0.999999, 16)).toBe(1);
    expect(cropSizeForRate(0, 16)).toBe(4);
  });

  it("rate 0 hides nothing under any strategy", () => {
    for (const change of [{}, block(4), stratified(2), fromRate, { strategy: "none" }] as Partial<MaskConfig>[]) {
      expect(maskGeometry(config({ ...change, rate: 0 }), 16)).toMatchObject({ visibleTokens: 256, effectiveRate: 0 });
    }
  });

  it("none hides nothing at any rate", () => {
    const geometry = maskGeometry(config({ strategy: "none", rate: 0.9 }), 16);
    expect(geometry).toMatchObject({ visibleTokens: 256, effectiveRate: 0, askedRate: 0 });
  });

  it("something stays visible up to the largest rate", () => {
    const rate = 1 - Number.EPSILON;
    expect(maskGeometry(config({ rate }), 16).visibleTokens).toBe(1);
    expect(maskGeometry(config({ ...block(4), rate }), 16).visibleTokens).toBe(16);
    expect(maskGeometry(config({ ...fromRate, rate }), 16).visibleTokens).toBe(1);
    // 9 (1 - 2^-53) is 9 in float64.
    expect(maskGeometry(config({ ...stratified(3), rate: 1 - 2 ** -53 }), 15).visibleTokens).toBe(25);
  });

  it("a crop size overrules the rate", () => {
    expect(maskGeometry(config({ ...crop(15), rate: 0.9 }), 16).visibleTokens).toBe(225);
  });

  it("refuses what does not fit the grid", () => {
    expect(() => maskGeometry(config(block(3)), 16)).toThrow(
      new RangeError("blocks of 3 tokens do not divide a grid of 16 tokens"),
    );
    expect(() => maskGeometry(config(stratified(3)), 16)).toThrow(
      new RangeError("cells of 3 tokens do not divide a grid of 16 tokens"),
    );
    expect(() => maskGeometry(config(block(32)), 16)).toThrow(RangeError);
    expect(() => maskGeometry(config(crop(17)), 16)).toThrow(
      new RangeError("a window of 17 tokens does not fit a grid of 16 tokens"),
    );
  });
});

describe("drawn masks", () => {
  const cases: [string, MaskConfig, number][] = [
    ["patch", config({ rate: 0.9 }), 16],
    ["patch on an odd grid", config({ rate: 0.3 }), 7],
    ["block 2", config({ ...block(2), rate: 0.9 }), 16],
    ["block 8", config({ ...block(8), rate: 0.5 }), 16],
    ["block that hides nothing", config({ ...block(8), rate: 0.1 }), 16],
    ["stratified", config({ ...stratified(2), rate: 0.5 }), 16],
    ["stratified on an odd grid", config({ ...stratified(3), rate: 0.9 }), 9],
    ["crop", config({ ...fromRate, rate: 0.9 }), 16],
    ["crop of the whole grid", config({ ...crop(16) }), 16],
    ["crop of one token", config({ ...crop(1) }), 5],
    ["none", config({ strategy: "none" }), 16],
  ];

  it.each(cases)("%s: S tokens, ascending, within the grid", (_, mask, grid) => {
    const geometry = maskGeometry(mask, grid);
    for (let step = 0; step < 50; step++) {
      const visible = drawVisibleTokens(geometry, maskStream(step));
      expect(visible.length).toBe(geometry.visibleTokens);
      expect(visible[0]).toBeGreaterThanOrEqual(0);
      expect(visible.at(-1)).toBeLessThan(grid * grid);
      expect(visible.every((token, i) => i === 0 || token > visible[i - 1]!)).toBe(true);
    }
  });

  it("none shows every token", () => {
    const geometry = maskGeometry(config({ strategy: "none" }), 4);
    expect([...drawVisibleTokens(geometry, maskStream(0))]).toEqual([...new Array(16).keys()]);
  });

  it.each([2, 4, 8])("block %i: every block is shown whole or not at all", (b) => {
    const geometry = maskGeometry(config({ ...block(b), rate: 0.5 }), 16);
    for (let step = 0; step < 50; step++) {
      const perBlock = new Map<string, number>();
      for (const token of drawVisibleTokens(geometry, maskStream(step))) {
        const key = `${Math.floor(Math.floor(token / 16) / b)},${Math.floor((token % 16) / b)}`;
        perBlock.set(key, (perBlock.get(key) ?? 0) + 1);
      }
      expect(perBlock.size).toBe(128 / (b * b));
      expect(new Set(perBlock.values())).toEqual(new Set([b * b]));
    }
  });

  it.each([
    [2, 0.5, 2],
    [2, 0.9, 1],
    [4, 0.9, 2],
    [8, 0.3, 45],
    [16, 0.9, 26],
  ])("stratified %i at %f: %i tokens of every cell", (n, rate, perCell) => {
    const geometry = maskGeometry(config({ ...stratified(n), rate }), 16);
    for (let step = 0; step < 50; step++) {
      const counts = new Map<string, number>();
      for (const token of drawVisibleTokens(geometry, maskStream(step))) {
        const key = `${Math.floor(Math.floor(token / 16) / n)},${Math.floor((token % 16) / n)}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      expect(counts.size).toBe((16 / n) ** 2);
      expect(new Set(counts.values())).toEqual(new Set([perCell]));
    }
  });

  it("stratified with one cell draws what patch draws", () => {
    const draw = (change: Partial<MaskConfig>) => drawVisibleTokens(maskGeometry(config(change), 16), maskStream(3));
    expect(draw(stratified(16))).toEqual(draw({}));
  });

  it("crop: one window of c x c", () => {
    const geometry = maskGeometry(config({ ...crop(5) }), 16);
    for (let step = 0; step < 200; step++) {
      const visible = drawVisibleTokens(geometry, maskStream(step));
      const [top, left] = [Math.floor(visible[0]! / 16), visible[0]! % 16];
      expect([...visible]).toEqual(windowOf(geometry, top, left));
    }
  });

  it("differs from image to image and from step to step", () => {
    const geometry = maskGeometry(config({ rate: 0.5 }), 16);
    const draws = [maskStream(0), maskStream(0, 1), maskStream(1)].map((s) => drawVisibleTokens(geometry, s).join());
    expect(new Set(draws).size).toBe(3);
  });
});

function windowOf(geometry: MaskGeometry, top: number, left: number): number[] {
  const { cropSize: c, gridSize: g } = geometry;
  return Array.from({ length: c * c }, (_, i) => (top + Math.floor(i / c)) * g + left + (i % c));
}

it("a grid need not be square: one row of two tokens, and rows of blocks, cells and windows", () => {
  const one = maskGeometry(config({ strategy: "patch", rate: 0.5 }), 2, 1);
  expect(one).toMatchObject({ tokens: 2, visibleTokens: 1 });
  const seen = Array.from({ length: 40 }, (_, i) => drawVisibleTokens(one, maskStream(i))[0]);
  expect(new Set(seen)).toEqual(new Set([0, 1]));
  for (const change of [block(2), stratified(2), crop(2)]) {
    const wide = maskGeometry(config({ ...change, rate: 0.5 }), 8, 2);
    const draws = Array.from({ length: 200 }, (_, i) => [...drawVisibleTokens(wide, maskStream(i))]);
    expect(draws.every((tokens) => new Set(tokens).size === wide.visibleTokens)).toBe(true);
    expect(new Set(draws.flat())).toEqual(new Set(Array.from({ length: 16 }, (_, token) => token)));
  }
  expect(() => maskGeometry(config(block(2)), 4, 1)).toThrow(RangeError);
});
