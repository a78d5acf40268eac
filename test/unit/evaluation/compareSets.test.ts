import { describe, expect, it } from "vitest";
import { compareSets, copyingOf, knownSet } from "../../../src/core/evaluation/compareSets.ts";
import { selectFeatures } from "../../../src/core/evaluation/features.ts";
import { overPairs } from "../../../src/core/evaluation/overPairs.ts";
import { componentsFor } from "../../../src/core/evaluation/principal.ts";
import { joined, normalFeatures } from "./featureSets.ts";

const first = (features: ReturnType<typeof normalFeatures>, count: number, from = 0) =>
  selectFeatures(
    features,
    Array.from({ length: count }, (_, i) => from + i),
  );

describe("overPairs", () => {
  it("has every pair, whatever the sets' sizes, and equal rows at distance 0", () => {
    for (const [n, m] of [
      [1, 1],
      [4, 3],
      [33, 66],
      [70, 5],
    ] as const) {
      const a = normalFeatures(n, 7, 1);
      const b = joined(first(a, 1, n - 1), normalFeatures(m - 1, 7, 2));
      const rows: number[] = [];
      const visitor = {
        row(i: number, products: Float64Array, squares: Float64Array) {
          rows.push(i);
          for (let j = 0; j < m; j++) {
            let product = 0;
            let square = 0;
            for (let k = 0; k < 7; k++) {
              const [x, y] = [a.values[i * 7 + k]!, b.values[j * 7 + k]!];
              product += x * y;
              square += (x - y) ** 2;
            }
            expect(products[j]).toBeCloseTo(product, 12);
            expect(squares[j]).toBeCloseTo(square, 12);
          }
          if (i === n - 1) expect(squares[0]).toBe(0);
        },
      };
      overPairs(a, b, [visitor]);
      expect(rows).toEqual(Array.from({ length: n }, (_, i) => i));
    }
  });

  it("refuses features of different spaces", () => {
    expect(() => overPairs(normalFeatures(2, 3, 1), normalFeatures(2, 4, 2), [])).toThrow(/cannot be compared/);
  });
});

describe("compareSets", () => {
  const training = normalFeatures(200, 10, 1);

  it("finds the training images themselves perfect", () => {
    const { frechet, manifold, nearest } = compareSets(knownSet(training), knownSet(training));
    expect(frechet.distance).toBeCloseTo(0, 9);
    expect(manifold).toMatchObject({ precision: 1, recall: 1, coverage: 1 });
    expect(Array.from(nearest)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it("tells samples of one kind only from samples of all kinds by recall and coverage", () => {
    const twoKinds = joined(normalFeatures(100, 10, 2), normalFeatures(100, 10, 3, 5));
    const { precision, recall, coverage } = compareSets(
      knownSet(normalFeatures(100, 10, 4)),
      knownSet(twoKinds),
    ).manifold;
    expect(precision).toBeGreaterThan(0.8);
    expect(recall).toBeLessThan(0.55);
    expect(coverage).toBeLessThan(0.55);
  });

  it("takes identical images as what they are", () => {
    const same = selectFeatures(training, new Array(30).fill(0));
    const { kid, manifold, nearestSquared } = compareSets(knownSet(same), knownSet(training));
    expect(kid.kid).toBeGreaterThan(0);
    expect(manifold.coverage).toBeLessThan(0.1);
    expect(Math.max(...nearestSquared)).toBe(0);
  });
});

describe("copying", () => {
  const training = normalFeatures(400, 10, 5);
  const heldOut = normalFeatures(100, 10, 6);
  const shareWith = (copies: number): number => {
    const samples = joined(first(training, copies), normalFeatures(300 - copies, 10, 7));
    return copyingOf(samples, heldOut, training).share;
  };

  it("finds a fifth of copies as about a fifth, and none where there are none", () => {
    expect(shareWith(60)).toBeGreaterThan(0.15);
    expect(shareWith(60)).toBeLessThan(0.25);
    expect(shareWith(0)).toBeLessThan(0.08);
    expect(shareWith(300)).toBe(1);
  });
});

describe("the number of principal components", () => {
  it("is a power of two, at most a fifth of the images and none where there are as many images as features", () => {
    expect(componentsFor(1000, 1280)).toBe(128);
    expect(componentsFor(1280, 1280)).toBeNull();
    expect(componentsFor(20, 1280)).toBe(4);
    expect(componentsFor(4, 1280)).toBe(1);
  });
});
