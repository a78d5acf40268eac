import { describe, expect, it } from "vitest";
import { coordinate, EXTENT, TOY_DRAWS, TOY_SETS, toyPoints } from "../../../src/core/toy/dataSets.ts";

const request = { noise: 0, seed: 3, draw: TOY_DRAWS.training, count: 500 } as const;

describe.each(TOY_SETS)("the points of %s", (set) => {
  it("are those of their seed, each whatever their number, and others of another seed and draw", () => {
    const points = toyPoints({ ...request, set });
    expect(toyPoints({ ...request, set })).toEqual(points);
    expect(toyPoints({ ...request, set, count: 20 })).toEqual(points.slice(0, 40));
    expect(toyPoints({ ...request, set, seed: 4 })).not.toEqual(points);
    expect(toyPoints({ ...request, set, draw: TOY_DRAWS.reference })).not.toEqual(points);
  });

  it("lie within the extent, fill most of its width, and noise has the deviation that is asked for", () => {
    const points = toyPoints({ ...request, set });
    expect(points.every((value) => Math.abs(value) <= EXTENT)).toBe(true);
    const x = coordinate(points, 0);
    expect(Math.max(...x) - Math.min(...x)).toBeGreaterThan(1.5 * EXTENT);
    const differences = toyPoints({ ...request, set, noise: 0.1 }).map((value, i) => value - points[i]!);
    const square = differences.reduce((sum, value) => sum + value * value, 0) / differences.length;
    // The variance of n squares is 2 σ⁴ / n.
    expect(Math.abs(square - 0.01)).toBeLessThan(4 * 0.01 * Math.sqrt(2 / differences.length));
  });
});

it("rings have two radii, and a checkerboard every other square", () => {
  const rings = toyPoints({ ...request, set: "rings" });
  const board = toyPoints({ ...request, set: "checkerboard" });
  for (let i = 0; i < rings.length; i += 2) {
    const radius = Math.hypot(rings[i]!, rings[i + 1]!);
    expect(Math.min(Math.abs(radius - EXTENT), Math.abs(radius - EXTENT / 2))).toBeLessThan(1e-5);
    const [column, row] = [board[i]!, board[i + 1]!].map((value) => Math.floor((value + EXTENT) / (EXTENT / 2)));
    expect((column! + row!) % 2).toBe(0);
  }
});
