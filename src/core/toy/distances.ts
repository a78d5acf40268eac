/** How far two clouds of points in the plane are from each other. */
import { coordinate, TOY_DRAWS, type ToyPointsRequest, toyPoints } from "./dataSets.ts";

/**
 * Energy distance (Székely & Rizzo 2013), 2 E|X - Y| - E|X - X'| - E|Y - Y'|: 0 for equal laws only. Pairs of a point with itself
 * are left out, so that it has no bias: for equal laws its mean is 0, and it may be a little below.
 * @param a [n, 2], n at least 2
 * @param b [m, 2], m at least 2
 * @param within meanDistanceWithin(b), where it is at hand
 */
export function energyDistance(a: Float32Array, b: Float32Array, within = meanDistanceWithin(b)): number {
  let between = 0;
  for (let i = 0; i < a.length; i += 2)
    for (let j = 0; j < b.length; j += 2) between += distance(a[i]! - b[j]!, a[i + 1]! - b[j + 1]!);
  return (2 * between) / ((a.length / 2) * (b.length / 2)) - meanDistanceWithin(a) - within;
}

/** Mean distance of two different points of a cloud, [n, 2]. */
export function meanDistanceWithin(points: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < points.length; i += 2)
    for (let j = 0; j < i; j += 2) sum += distance(points[i]! - points[j]!, points[i + 1]! - points[j + 1]!);
  const n = points.length / 2;
  return (2 * sum) / (n * (n - 1));
}

// Math.hypot takes ten times as long.
const distance = (x: number, y: number): number => Math.sqrt(x * x + y * y);

/**
 * 1-Wasserstein distance of two sets of numbers, ∫ |F - G|: how far the values of one have to be moved on average to become the other.
 * @param a at least one number, as b; not changed
 */
export function wasserstein(a: Float32Array, b: Float32Array): number {
  const [left, right] = [a.toSorted(), b.toSorted()];
  let [i, j, sum] = [0, 0, 0];
  let from = Math.min(left[0]!, right[0]!);
  while (i < left.length || j < right.length) {
    const next = Math.min(left[i] ?? Number.POSITIVE_INFINITY, right[j] ?? Number.POSITIVE_INFINITY);
    sum += Math.abs(i / left.length - j / right.length) * (next - from);
    from = next;
    while (left[i] === next) i++;
    while (right[j] === next) j++;
  }
  return sum;
}

/** Of samples to a target. */
export interface ToyDistances {
  /** energy distance of the joint law */
  readonly energy: number;
  /** 1-Wasserstein distances of the marginals of x and y */
  readonly marginals: [x: number, y: number];
}

/** Draws of the target that say what chance alone comes to. */
const CHANCE_DRAWS = 8;

/** How far other draws of the target are from one, on average and without signs: what samples cannot be told from. */
export function chanceDistances(settings: Omit<ToyPointsRequest, "draw">, target: Float32Array): ToyDistances {
  const within = meanDistanceWithin(target);
  const found = Array.from({ length: CHANCE_DRAWS }, (_, i) =>
    toyDistances(toyPoints({ ...settings, draw: TOY_DRAWS.others + i }), target, within),
  );
  const mean = (of: (distances: ToyDistances) => number): number =>
    found.reduce((sum, distances) => sum + Math.abs(of(distances)), 0) / found.length;
  return {
    energy: mean(({ energy }) => energy),
    marginals: [mean((d) => d.marginals[0]), mean((d) => d.marginals[1])],
  };
}

/** @param within meanDistanceWithin(target), where it is at hand */
export const toyDistances = (samples: Float32Array, target: Float32Array, within?: number): ToyDistances => ({
  energy: energyDistance(samples, target, within),
  marginals: [
    wasserstein(coordinate(samples, 0), coordinate(target, 0)),
    wasserstein(coordinate(samples, 1), coordinate(target, 1)),
  ],
});
