import { describe, expect, it } from "vitest";
import { selectFeatures } from "../../../src/core/evaluation/features.ts";
import { copyingAmong, floorOf, someOf } from "../../../src/core/evaluation/references.ts";
import { joined, normalFeatures } from "./featureSets.ts";

const training = normalFeatures(400, 10, 5);
const heldOut = normalFeatures(100, 10, 6);

describe("what samples are held against", () => {
  it.each([
    ["held-out images", heldOut],
    ["training images that stand in", null],
  ])("counts copies by %s", (_, unseen) => {
    const shareWith = (copies: number): number => {
      const copied = selectFeatures(
        training,
        Array.from({ length: copies }, (_, i) => i),
      );
      const samples = joined(copied, normalFeatures(300 - copies, 10, 7));
      return copyingAmong(samples, training, unseen).share;
    };
    expect(shareWith(60)).toBeGreaterThan(0.15);
    expect(shareWith(60)).toBeLessThan(0.25);
    expect(shareWith(0)).toBeLessThan(0.08);
  });

  it("has a floor within its errors of none, and far from one where held-out images are of another kind", () => {
    for (const unseen of [heldOut, null]) {
      const { kid, standardError } = floorOf(training, unseen);
      expect(Math.abs(kid)).toBeLessThan(3 * standardError);
    }
    const { kid, standardError } = floorOf(training, normalFeatures(100, 10, 6, 1));
    expect(kid).toBeGreaterThan(3 * standardError);
  });

  it("is a choice of the images where they are many: the same one every time, in their order", () => {
    expect(Array.from(someOf(5, 9))).toEqual([0, 1, 2, 3, 4]);
    const some = Array.from(someOf(1000, 50));
    expect(some).toEqual([...new Set(some)].sort((a, b) => a - b));
    expect(some).toHaveLength(50);
    expect(some.at(-1)).toBeGreaterThan(500);
    expect(Array.from(someOf(1000, 50))).toEqual(some);
  });
});
