import { describe, expect, it } from "vitest";
import { type Lifetime, planStorage, UNIT } from "../../../src/core/model/graph/storage.ts";
import { testStream } from "../engine/tinyModels.ts";

/** Floats that are needed at the busiest moment: no plan takes less. */
function leastPossible(lifetimes: readonly Lifetime[]): number {
  const last = Math.max(...lifetimes.map(({ to }) => to));
  const needed = Array.from({ length: last + 1 }, (_, at) =>
    lifetimes
      .filter(({ from, to }) => from <= at && at <= to)
      .reduce((total, { size }) => total + Math.ceil(size / UNIT) * UNIT, 0),
  );
  return Math.max(...needed);
}

describe("planStorage", () => {
  it("gives no two tensors that are needed together the same place", () => {
    const stream = testStream(1);
    for (let round = 0; round < 200; round++) {
      const lifetimes = Array.from({ length: 1 + stream.below(40) }, () => {
        const from = stream.below(50);
        return { size: 1 + stream.below(500), from, to: from + stream.below(20) };
      });
      const { offsets, floats } = planStorage(lifetimes);
      expect(floats).toBeGreaterThanOrEqual(leastPossible(lifetimes));
      for (const [i, a] of lifetimes.entries()) {
        expect(offsets[i]! % UNIT).toBe(0);
        expect(offsets[i]! + a.size).toBeLessThanOrEqual(floats);
        for (let j = 0; j < i; j++) {
          const b = lifetimes[j]!;
          const together = a.from <= b.to && b.from <= a.to;
          const apart = offsets[i]! + a.size <= offsets[j]! || offsets[j]! + b.size <= offsets[i]!;
          expect(!together || apart).toBe(true);
        }
      }
    }
  });

  it("keeps a row of layers, forward and back, within a tenth of the least possible", () => {
    const layers = 20;
    const lifetimes = Array.from({ length: layers }, (_, i) => [
      { size: 1000 + 16 * (i % 3), from: i, to: 2 * layers - i },
      { size: 700, from: i, to: i + 1 },
      { size: 1000, from: 2 * layers - i, to: 2 * layers - i + 1 },
    ]).flat();
    expect(planStorage(lifetimes).floats).toBeLessThan(1.1 * leastPossible(lifetimes));
  });
});
