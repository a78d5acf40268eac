import { describe, expect, it } from "vitest";
import { experimentOf } from "../../../scripts/bench/experimentOf.ts";
import { expectedSeconds, fitRounds, likelyRate, planCell } from "../../../scripts/bench/plan.ts";
import { PRESETS } from "../../../scripts/bench/presets.ts";
import { imageCost } from "../../../src/core/cost/imageCost.ts";
import { modelShape } from "../../../src/core/model/shape.ts";
import { usableMemory } from "../../../src/node/machine.ts";

const network = (name: string) => PRESETS.find((preset) => preset.name === name)!.network;

describe("rounds that fit the time of a row", () => {
  const fitted = (blocks: Record<string, number>, rounds: number, limit: number) =>
    Object.fromEntries(fitRounds(new Map(Object.entries(blocks)), rounds, limit));

  it("all that were asked for, where they fit", () => {
    expect(fitted({ a: 2, b: 3 }, 5, 25)).toEqual({ a: 5, b: 5 });
  });

  it("fewer of the slow engine's first, never fewer than three", () => {
    expect(fitted({ quick: 1, slow: 10 }, 5, 50)).toEqual({ quick: 5, slow: 4 });
    expect(fitted({ a: 10, b: 10 }, 5, 80)).toEqual({ a: 4, b: 4 });
    expect(fitted({ a: 10, b: 10 }, 5, 60)).toEqual({ a: 3, b: 3 });
  });

  it("else without the slowest, and the others keep theirs", () => {
    expect(fitted({ a: 2, slowest: 100, b: 3 }, 5, 60)).toEqual({ a: 5, slowest: 0, b: 5 });
    expect(fitted({ a: 100 }, 5, 60)).toEqual({ a: 0 });
  });
});

describe("the plan of a row", () => {
  it("counts tokens, parameters and matrix products as the cost model does", () => {
    const { facts } = planCell("S", network("S"), 0.9, 32, null, 2);
    const { trainingFlops, parameters } = imageCost(modelShape(experimentOf(network("S"))), 26);
    expect(facts).toMatchObject({ visibleTokens: 26, tokens: 256, parameters });
    expect(facts.flopsPerStep).toBe(32 * trainingFlops);
  });

  it("engines that are in memory together share it: the micro-batch gets smaller, or nothing fits", () => {
    const alone = planCell("S", network("S"), 0, 32, null, 1);
    const many = planCell("S", network("S"), 0, 32, null, 50);
    expect(32 % alone.facts.microBatch).toBe(0);
    expect(many.facts.microBatch).toBeLessThanOrEqual(alone.facts.microBatch);
    expect(planCell("S", network("S"), 0, 32, 32, 1 + Math.ceil(usableMemory() / alone.predictedBytes)).fits).toBe(
      false,
    );
  });

  it("takes as long as its blocks, or its limit", () => {
    const options = { rounds: 5, blockSeconds: 2, rowMinutes: 10 };
    const quick = expectedSeconds(1e9, [1e11, 1e11], options);
    expect(quick).toBeGreaterThan(20);
    expect(quick).toBeLessThan(120);
    expect(expectedSeconds(1e15, [1e11], options)).toBe(1200);
    expect(likelyRate(undefined, null)).toBeNull();
    expect(likelyRate(5, 100)).toBe(5);
    expect(likelyRate(undefined, 100)).toBeLessThan(100);
  });
});
