import { describe, expect, it } from "vitest";
import { kidFloor, kidOf } from "../../../src/core/evaluation/compareSets.ts";
import { drawWithoutReplacement, RandomStream } from "../../../src/core/random/streams.ts";
import { normalFeatures } from "./featureSets.ts";

const SIZE = 12;
const DRAWS = 300;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("the error of KID", () => {
  // Where sets do not differ, the linear part of the variance vanishes: there a bootstrap's interval would be far too wide.
  for (const [name, shift] of [
    ["do not differ", 0],
    ["hardly differ", 0.05],
    ["differ much", 1],
  ] as const) {
    it(`is that of drawing the images anew, for sets that ${name}`, () => {
      const found = Array.from({ length: DRAWS }, (_, i) =>
        kidOf(normalFeatures(40, SIZE, 2 * i, shift, 7), normalFeatures(60, SIZE, 2 * i + 1, 0, 7)),
      );
      const values = found.map(({ kid }) => kid);
      const truth = shift === 0 ? 0 : mean(values);
      const spread = Math.sqrt(mean(values.map((value) => (value - truth) ** 2)));
      const said = Math.sqrt(mean(found.map(({ standardError }) => standardError ** 2)));
      expect(said / spread).toBeGreaterThan(0.8);
      expect(said / spread).toBeLessThan(1.25);
      const covered = mean(found.map(({ interval: [low, high] }) => Number(low <= truth && truth <= high)));
      expect(covered).toBeGreaterThan(0.92);
      expect(covered).toBeLessThan(0.98);
    });
  }

  it("refuses sets too small to say anything", () => {
    expect(() => kidOf(normalFeatures(3, SIZE, 1), normalFeatures(30, SIZE, 2))).toThrow(/need 4 images/);
  });
});

describe("the floor of KID", () => {
  it("is 0 within its error", () => {
    const features = normalFeatures(301, SIZE, 1);
    const stream = new RandomStream({ seed: 1, stage: "pretrain", stream: "order", step: 0, item: 0 });
    const { kid, standardError } = kidFloor(features, drawWithoutReplacement(stream, features.count, features.count));
    expect(Math.abs(kid)).toBeLessThan(3 * standardError);
  });
});
