/** Principal components: fewer features, for sets of fewer images than features. */
import { symmetricEigen } from "./eigen.ts";
import type { Features } from "./features.ts";
import { moments } from "./frechet.ts";

/** Directions of most variance of a set. */
export interface Principal {
  /** [d] */
  readonly mean: Float64Array;
  /** [k, d], orthonormal rows, the direction of most variance first */
  readonly directions: Float64Array;
}

/** Images for each component that is kept. */
const IMAGES_PER_COMPONENT = 5;

/**
 * How many components sets of this size bear: the largest power of two that is at most a fifth of the images, so that sets of about the same size
 * are measured alike; null: the features can stay as they are.
 */
export function componentsFor(images: number, size: number): number | null {
  if (images >= size) return null;
  return Math.min(size, 2 ** Math.floor(Math.log2(Math.max(1, images / IMAGES_PER_COMPONENT))));
}

/** @param k components, at most features.size */
export function principal(features: Features, k: number): Principal {
  const d = features.size;
  const { mean, covariance } = moments(features);
  const { vectors } = symmetricEigen(covariance, d, true);
  const directions = new Float64Array(k * d);
  for (let i = 0; i < k; i++) directions.set(vectors!.subarray((d - 1 - i) * d, (d - i) * d), i * d);
  return { mean, directions };
}

/** Features [n, d] in the given directions [n, k]. */
export function project({ count, size: d, values }: Features, { mean, directions }: Principal): Features {
  const k = directions.length / d;
  const out = new Float64Array(count * k);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < k; c++) {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += (values[i * d + j]! - mean[j]!) * directions[c * d + j]!;
      out[i * k + c] = sum;
    }
  }
  return { count, size: k, values: out };
}
