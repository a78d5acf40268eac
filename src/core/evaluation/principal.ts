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

/** Below this share of the largest one an eigenvalue is rounding. */
const ROUNDING = 1e-10;

/** @param k components, at most features.size */
export function principal(features: Features, k: number): Principal {
  return (features.count < features.size ? ofProducts(features, k) : null) ?? ofCovariance(features, k);
}

function ofCovariance(features: Features, k: number): Principal {
  const d = features.size;
  const { mean, covariance } = moments(features);
  const { vectors } = symmetricEigen(covariance, d, true);
  const directions = new Float64Array(k * d);
  for (let i = 0; i < k; i++) directions.set(vectors!.subarray((d - 1 - i) * d, (d - i) * d), i * d);
  return { mean, directions };
}

/**
 * Of fewer images than features: with the centred features X [n, d], if XXᵀ u = λ u, then Xᵀ u / √λ is a direction of XᵀX with the same λ. The n x n
 * problem takes a share (n / d)³ of the time.
 * @returns null where fewer than k directions have any variance
 */
function ofProducts({ count: n, size: d, values }: Features, k: number): Principal | null {
  if (k >= n) return null;
  const mean = new Float64Array(d);
  for (let i = 0; i < n * d; i++) mean[i % d]! += values[i]! / n;
  const centred = values.map((value, i) => value - mean[i % d]!);
  const products = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let c = 0; c < d; c++) sum += centred[i * d + c]! * centred[j * d + c]!;
      products[i * n + j] = products[j * n + i] = sum;
    }
  }
  const { values: squares, vectors } = symmetricEigen(products, n, true);
  if (squares[n - k]! <= ROUNDING * squares[n - 1]!) return null;
  const directions = new Float64Array(k * d);
  for (let i = 0; i < k; i++) {
    const row = n - 1 - i;
    const scale = 1 / Math.sqrt(squares[row]!);
    for (let image = 0; image < n; image++) {
      const weight = scale * vectors![row * n + image]!;
      for (let c = 0; c < d; c++) directions[i * d + c]! += weight * centred[image * d + c]!;
    }
  }
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
