import { describe, expect, it } from "vitest";
import { averagingLimit, outlierBounds } from "../../../src/core/series/outliers.ts";

const LINEAR = { logarithmic: false, fromZero: false };
const LOG = { logarithmic: true, fromZero: false };

/** A loss that falls from 1 to 0.1. */
const loss = (length: number): number[] => Array.from({ length }, (_, i) => 0.1 + 0.9 / (1 + i / 10));

describe("outlierBounds", () => {
  it("reaches four bands, or four times the larger end, beyond the 5th and the 95th percentile", () => {
    const even = Array.from({ length: 101 }, (_, i) => 100 + i);
    expect(outlierBounds(even, LINEAR)).toEqual([105 - 4 * 195, 195 + 4 * 195]);
    const wide = Array.from({ length: 101 }, (_, i) => i - 50);
    expect(outlierBounds(wide, LINEAR)).toEqual([-45 - 4 * 90, 45 + 4 * 90]);
    const decades = Array.from({ length: 101 }, (_, i) => 10 ** (i / 10));
    const [low, high] = outlierBounds(decades, LOG)!;
    expect(Math.log10(low)).toBeCloseTo(0.5 - 4 * 9, 9);
    expect(Math.log10(high)).toBeCloseTo(9.5 + 4 * 9, 9);
  });

  it.each([3, 10, 19, 20, 200, 5000])(
    "tells 1e30 among %d losses apart, on both scales, and not the run's start",
    (length) => {
      for (const scale of [LINEAR, LOG]) {
        const values = loss(length);
        values.splice(Math.floor(length / 2), 0, 1e30, ...(length > 100 ? [Number.NaN] : []));
        const [low, high] = outlierBounds(values, scale)!;
        expect(high).toBeLessThan(1e30);
        expect(low).toBeLessThan(0.1);
        if (length <= 200) expect(high).toBeGreaterThan(1);
      }
    },
  );

  it("leaves nothing out of two losses, of equal values, of a warm-up or of rare values among zeros", () => {
    const leavesOut = (values: readonly number[], scale = LINEAR): number[] => {
      const [low, high] = outlierBounds(values, scale)!;
      return values.filter((value) => value < low || value > high);
    };
    expect(leavesOut([3, 0.5])).toEqual([]);
    expect(leavesOut(Array.from({ length: 50 }, () => 7))).toEqual([]);
    const warmUp = Array.from({ length: 1000 }, (_, i) => 1e-3 * Math.min(1, i / 20));
    expect(leavesOut(warmUp, { logarithmic: false, fromZero: true })).toEqual([]);
    expect(leavesOut(Array.from({ length: 1000 }, (_, i) => (i === 7 ? 0.4 : 0)))).toEqual([]);
  });

  it("looks at the part given, and knows nothing where nothing can be shown", () => {
    const values = Float32Array.of(1, 1, 1e30, 1e30, 1e30, 1e30);
    expect(outlierBounds(values, LINEAR, 0, 2)![1]).toBeLessThan(1e4);
    expect(outlierBounds(values, LINEAR, 2, 6)![1]).toBeGreaterThan(1e30);
    expect(outlierBounds([Number.NaN, Number.POSITIVE_INFINITY], LINEAR)).toBeNull();
    expect(outlierBounds([0, -1], LOG)).toBeNull();
    expect(outlierBounds([], LINEAR)).toBeNull();
  });
});

describe("averagingLimit", () => {
  it("is a power of ten far above what is usual, that single values do not move", () => {
    const values = loss(1000);
    const limit = averagingLimit(values, 1000);
    expect(limit).toBe(100);
    values[500] = 1e30;
    expect(averagingLimit(values, 1000)).toBe(limit);
    expect(averagingLimit([0, 0, 0], 3)).toBe(Number.POSITIVE_INFINITY);
    expect(averagingLimit([], 0)).toBe(Number.POSITIVE_INFINITY);
    expect(averagingLimit([Number.NaN], 1)).toBe(Number.POSITIVE_INFINITY);
  });
});
