import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../src/core/random/streams.ts";
import { bootstrapInterval, differenceInterval, studentQuantile } from "../../../src/core/study/intervals.ts";

describe("Student's t", () => {
  // Published table of t(0.975).
  it.each([
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [9, 2.262],
    [30, 2.042],
    [100, 1.984],
  ])("has the quantile of the tables with %i degrees of freedom", (freedom, expected) => {
    expect(studentQuantile(freedom)).toBeCloseTo(expected, 3);
  });
});

/** Share of samples of n normal numbers whose interval holds their mean. */
function coverage(n: number, interval: (values: readonly number[]) => { low: number; high: number } | null): number {
  const trials = 600;
  const values = new Float32Array(trials * n);
  new RandomStream({ seed: 5, stage: "pretrain", stream: "noise", step: 0, item: n }).fillNormal(
    values,
    0,
    values.length,
    1,
  );
  let held = 0;
  for (let i = 0; i < trials; i++) {
    const { low, high } = interval([...values.subarray(i * n, (i + 1) * n)])!;
    if (low <= 0 && high >= 0) held++;
  }
  return held / trials;
}

describe("intervals of a mean", () => {
  it("need two values", () => {
    expect(bootstrapInterval([1])).toBeNull();
    expect(differenceInterval([1])).toBeNull();
  });

  it("are the range of three values by bootstrap, and the same each time", () => {
    expect(bootstrapInterval([3, 1, 2])).toEqual({ low: 1, high: 3 });
    expect(bootstrapInterval([1, 5, 2, 7, 3])).toEqual(bootstrapInterval([1, 5, 2, 7, 3]));
  });

  it("of differences keep 95 % with three pairs, where a bootstrap keeps three quarters", () => {
    expect(coverage(3, differenceInterval)).toBeGreaterThan(0.92);
    expect(coverage(3, bootstrapInterval)).toBeLessThan(0.85);
    expect(coverage(20, bootstrapInterval)).toBeGreaterThan(0.88);
  });
});
