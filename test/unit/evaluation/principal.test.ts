import { describe, expect, it } from "vitest";
import type { Features } from "../../../src/core/evaluation/features.ts";
import { moments } from "../../../src/core/evaluation/frechet.ts";
import { principal, project } from "../../../src/core/evaluation/principal.ts";
import { RandomStream } from "../../../src/core/random/streams.ts";

function features(count: number, size: number): Features {
  const values = new Float32Array(count * size);
  new RandomStream({ seed: 1, stage: "pretrain", stream: "noise", step: 0, item: 0 }).fillNormal(
    values,
    0,
    values.length,
  );
  return { count, size, values: Float64Array.from(values, (value, i) => value * (1 + (i % size)) + 3) };
}

describe("principal", () => {
  it.each([
    ["fewer images than features", 30, 50, 4],
    ["more", 60, 20, 8],
  ])("gives the directions of most variance of %s", (_, count, size, k) => {
    const set = features(count, size);
    const { covariance } = moments(set);
    const { directions } = principal(set, k);
    const along = (i: number) => directions.subarray(i * size, (i + 1) * size);
    const product = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
    let before = Number.POSITIVE_INFINITY;
    for (let i = 0; i < k; i++) {
      const image = Array.from({ length: size }, (_, row) =>
        product(covariance.subarray(row * size, (row + 1) * size), along(i)),
      );
      const variance = product(image, along(i));
      for (let c = 0; c < size; c++) expect(image[c]).toBeCloseTo(variance * along(i)[c]!, 6);
      for (let j = 0; j <= i; j++) expect(product(along(i), along(j))).toBeCloseTo(i === j ? 1 : 0, 9);
      expect(variance).toBeLessThan(before);
      before = variance;
    }
  });

  it("gives finite directions where images are so alike that too few have any variance", () => {
    const { size, values } = features(3, 50);
    const set = {
      count: 45,
      size,
      values: Float64Array.from({ length: 45 * size }, (_, i) => values[i % (3 * size)]!),
    };
    const projected = project(set, principal(set, 8));
    expect(projected.values.every(Number.isFinite)).toBe(true);
  });
});
