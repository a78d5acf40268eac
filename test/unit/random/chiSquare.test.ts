import { describe, expect, it } from "vitest";
import { chiSquareTail, uniformityP } from "./chiSquare.ts";

describe("the chi-square test of these tests", () => {
  it("gives the tabulated quantiles", () => {
    expect(chiSquareTail(3.841459, 1)).toBeCloseTo(0.05, 6);
    expect(chiSquareTail(18.307038, 10)).toBeCloseTo(0.05, 6);
    expect(chiSquareTail(2.558212, 10)).toBeCloseTo(0.99, 6);
    expect(chiSquareTail(149.449253, 100)).toBeCloseTo(0.001, 6);
    // two degrees: exp(-x/2)
    expect(chiSquareTail(20, 2) / Math.exp(-10)).toBeCloseTo(1, 9);
  });

  it("sees a die that is loaded", () => {
    expect(uniformityP([1000, 1010, 990, 1005, 995, 1000])).toBeGreaterThan(0.9);
    expect(uniformityP([1100, 1000, 1000, 1000, 1000, 900])).toBeCloseTo(0.00124973, 8);
    expect(uniformityP([1150, 1000, 1000, 1000, 1000, 850])).toBeLessThan(1e-7);
  });

  it("refuses too few draws", () => {
    expect(() => uniformityP([1, 2, 3])).toThrow(/mean nothing/);
  });
});
