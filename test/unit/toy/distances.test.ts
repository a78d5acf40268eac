import { describe, expect, it } from "vitest";
import { TOY_DRAWS, toyPoints } from "../../../src/core/toy/dataSets.ts";
import { energyDistance, toyDistances, wasserstein } from "../../../src/core/toy/distances.ts";

const A = Float32Array.of(0, 0, 1, 0, 0, 2);
const B = Float32Array.of(1, 1, 3, 0, -1, 2, 0.5, -0.5);

describe("distances of two clouds", () => {
  it("are what NumPy makes of their definitions", () => {
    // d = pairwise distances: 2 d(A, B).mean() - d(A, A).sum() / (n (n - 1)) - d(B, B).sum() / (m (m - 1)); ∫ |F - G| by sorted values.
    expect(energyDistance(A, B)).toBeCloseTo(-0.6667225962793875, 6);
    const { marginals } = toyDistances(A, B);
    expect(marginals[0]).toBeCloseTo(1.0416666666666665, 6);
    expect(marginals[1]).toBeCloseTo(0.375, 6);
    expect(energyDistance(B, A)).toBeCloseTo(energyDistance(A, B), 6);
  });

  it("the one of numbers is how far they were moved, and leaves them as they are", () => {
    const values = Float32Array.of(3, -1, 2, 2);
    expect(
      wasserstein(
        values,
        values.map((value) => value + 0.5),
      ),
    ).toBeCloseTo(0.5, 6);
    expect(wasserstein(values, Float32Array.of(2, 2, 3, -1))).toBe(0);
    expect([...values]).toEqual([3, -1, 2, 2]);
  });

  it("the one of clouds has no bias: over draws of one law it is 0 on average, and it tells a moved one", () => {
    const settings = { set: "rings", noise: 0.05, count: 200 } as const;
    const found = Array.from({ length: 40 }, (_, seed) =>
      energyDistance(
        toyPoints({ ...settings, seed, draw: TOY_DRAWS.reference }),
        toyPoints({ ...settings, seed, draw: TOY_DRAWS.others }),
      ),
    );
    const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
    const deviation = Math.sqrt(found.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (found.length - 1));
    expect(Math.abs(mean)).toBeLessThan((4 * deviation) / Math.sqrt(found.length));
    const points = toyPoints({ ...settings, seed: 0, draw: TOY_DRAWS.reference });
    expect(
      energyDistance(
        points.map((value) => value + 0.5),
        points,
      ),
    ).toBeGreaterThan(10 * deviation);
  });
});
