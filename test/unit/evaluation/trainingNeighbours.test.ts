import { expect, it } from "vitest";
import type { Features } from "../../../src/core/evaluation/features.ts";
import { overPairs } from "../../../src/core/evaluation/overPairs.ts";
import { TrainingNeighbours } from "../../../src/core/evaluation/trainingNeighbours.ts";
import { normalFeatures } from "./featureSets.ts";

const SIZE = 20;
const training = normalFeatures(300, SIZE, 5);

/** Samples of which some are training images, moved a little. */
function samplesWith(copies: readonly number[], moved: number): Features {
  const samples = normalFeatures(100, SIZE, 7);
  for (const [sample, image] of copies.entries()) {
    for (let k = 0; k < SIZE; k++) samples.values[sample * SIZE + k] = training.values[image * SIZE + k]! + moved;
  }
  return samples;
}

function found(samples: Features, images = training): TrainingNeighbours {
  const neighbours = new TrainingNeighbours(samples.count);
  overPairs(samples, images, [neighbours]);
  return neighbours;
}

it("puts copies first, each with the image that it is one of", () => {
  const pairs = found(samplesWith([30, 200, 7], 0.01)).mostSuspicious(100, 0.03);
  expect(pairs).toHaveLength(100);
  expect(pairs.slice(0, 3).map(({ sample, image }) => [sample, image])).toEqual(
    expect.arrayContaining([
      [0, 30],
      [1, 200],
      [2, 7],
    ]),
  );
  for (const { distance, ratio } of pairs.slice(0, 3)) {
    expect(distance).toBeCloseTo(0.01 * Math.sqrt(SIZE), 6);
    expect(ratio).toBeLessThan(0.05);
  }
  expect(pairs[3]!.ratio).toBeGreaterThan(0.3);
  expect(pairs.map(({ ratio }) => ratio)).toEqual(pairs.map(({ ratio }) => ratio).sort((a, b) => a - b));
  expect(
    pairs
      .filter(({ near }) => near)
      .map(({ sample }) => sample)
      .sort(),
  ).toEqual([0, 1, 2]);
});

it("goes by what is usual for a sample: a plain one, near to all images of a dense kind, is none", () => {
  const dense = normalFeatures(60, SIZE, 9);
  for (let i = 0; i < dense.values.length; i++) dense.values[i] = 20 + 0.05 * dense.values[i]!;
  const images = { count: 360, size: SIZE, values: Float64Array.from([...training.values, ...dense.values]) };
  const samples = samplesWith([30], 0.3);
  samples.values.fill(20, SIZE, 2 * SIZE);
  const [first, second] = [0, 1].map((sample) =>
    found(samples, images)
      .mostSuspicious(100, 0)
      .find((pair) => pair.sample === sample),
  );
  expect(second!.distance).toBeLessThan(first!.distance);
  expect(second!.ratio).toBeGreaterThan(2 * first!.ratio);
});

it("finds a copy of an image that is there several times, and knows no images that are further than there are", () => {
  const few = { count: 3, size: 1, values: Float64Array.of(1, 1, 5) };
  const pairs = found({ count: 2, size: 1, values: Float64Array.of(1, 4) }, few).mostSuspicious(9, 0);
  expect(pairs).toEqual([
    { sample: 0, image: 0, distance: 0, ratio: 0, near: false },
    { sample: 1, image: 2, distance: 1, ratio: 1 / ((1 + 3 + 3) / 3), near: false },
  ]);
});
