import { describe, expect, it } from "vitest";
import { formatTick, linearTicks, logarithmicTicks, tickFormat } from "../../../src/core/series/axis.ts";
import { clockTicks, durationTicks } from "../../../src/core/series/timeAxis.ts";

describe("axes", () => {
  it("ticks at 1, 2, 5 times powers of ten", () => {
    expect(linearTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearTicks(0, 128_000, 8)).toEqual([0, 20_000, 40_000, 60_000, 80_000, 100_000, 120_000]);
    expect(linearTicks(-0.3, 0.35, 6)).toEqual([-0.2, 0, 0.2]);
    expect(linearTicks(3, 17, 3)).toEqual([5, 10, 15]);
  });

  it("ticks at whole decades on long logarithmic ranges, between them on short ones", () => {
    expect(logarithmicTicks(0.05, 1.2, 8)).toEqual([0.05, 0.1, 0.2, 0.5, 1]);
    expect(logarithmicTicks(1, 1e6, 8)).toEqual([1, 10, 100, 1e3, 1e4, 1e5, 1e6]);
    expect(logarithmicTicks(1, 1e12, 5).length).toBeLessThanOrEqual(5);
    expect(logarithmicTicks(0.1, 0.3, 8)).toEqual([0.1, 0.15, 0.2, 0.3]);
  });

  it("prints numbers a reader takes in", () => {
    const numbers = [0, 0.3, 1234, 12_500, 3_000_000, 2.5e9, 0.00002, -0.5];
    expect(numbers.map(formatTick)).toEqual(["0", "0.3", "1234", "12.5k", "3M", "2.5G", "2e−5", "−0.5"]);
    const odd = [1e30, -1.23456e-30, 9e11, 3.4028234663852886e38, -1e12, 1e-300];
    expect(odd.map(formatTick)).toEqual(["1e30", "−1.235e−30", "900G", "3.403e38", "−1e12", "1e−300"]);
  });

  it("tells close ticks apart, and far ones shortly", () => {
    const labels = (ticks: readonly number[]) => ticks.map(tickFormat(ticks));
    expect(labels(linearTicks(1.00001, 1.00003, 4))).toEqual(["1.00001", "1.000015", "1.00002", "1.000025", "1.00003"]);
    expect(labels(linearTicks(0, 1e30, 5))).toEqual(["0", "2e29", "4e29", "6e29", "8e29", "1e30"]);
    expect(labels(linearTicks(1e30, 1.00001e30, 2))).toEqual(["1e30", "1.000005e30", "1.00001e30"]);
    expect(labels(logarithmicTicks(1e-30, 1e30, 5))).toHaveLength(5);
    expect(labels(logarithmicTicks(1.01, 1.02, 5))).toEqual(["1.01", "1.012", "1.014", "1.016", "1.018", "1.02"]);
  });

  it.each([
    [1e30, 1e30 * (1 + 1e-15)],
    [1e30, 1e30],
    [1e17, 1e17 + 64],
    [0, 0],
    [-3.4e38, 3.4e38],
    [1e-320, 2e-320],
    [Number.NaN, 1],
    [0, Number.POSITIVE_INFINITY],
  ])("ends, with few ticks, between %s and %s", (low, high) => {
    for (const ticks of [
      linearTicks(low, high, 6),
      durationTicks(low, high, 6).ticks,
      clockTicks(low, high, 6, 90).ticks,
    ]) {
      expect(ticks.length).toBeLessThan(40);
      expect(ticks.every(Number.isFinite)).toBe(true);
    }
    if (low > 0 && Number.isFinite(high)) expect(logarithmicTicks(low, high, 6).length).toBeLessThan(40);
  });
});
