/**
 * Fréchet distance of two sets of images, each taken as a normal distribution: |μ₁ - μ₂|² + tr Σ₁ + tr Σ₂ - 2 tr (Σ₁Σ₂)^½ (Heusel et al., NeurIPS 2017).
 * Covariances divide by n - 1, and the last trace is the sum of the roots of the eigenvalues of Σ₁Σ₂, negative ones counting as 0: the definition of
 * torchmetrics 1.9 and torch-fidelity 0.4. It is FID only for the features of the Inception network of 2015.
 */
import { symmetricEigen } from "./eigen.ts";
import type { Features } from "./features.ts";
import { overPairs } from "./overPairs.ts";

export interface Moments {
  /** [d] */
  readonly mean: Float64Array;
  /** [d, d] */
  readonly covariance: Float64Array;
}

/** @throws RangeError with fewer than two images */
export function moments({ count: n, size: d, values }: Features): Moments {
  if (n < 2) throw new RangeError("a covariance needs two images");
  const mean = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let k = 0; k < d; k++) mean[k] = mean[k]! + values[i * d + k]! / n;
  // [d, n]: each feature's deviations in a row, so that a covariance is a product of two rows.
  const deviations = new Float64Array(d * n);
  for (let i = 0; i < n; i++) for (let k = 0; k < d; k++) deviations[k * n + i] = values[i * d + k]! - mean[k]!;
  return { mean, covariance: rowProducts(deviations, deviations, d, n, 1 / (n - 1)) };
}

export function frechetDistance(first: Moments, second: Moments): number {
  const d = first.mean.length;
  let distance = 0;
  for (let k = 0; k < d; k++) {
    distance += (first.mean[k]! - second.mean[k]!) ** 2;
    distance += first.covariance[k * d + k]! + second.covariance[k * d + k]!;
  }
  return distance - 2 * traceOfRoot(first.covariance, second.covariance, d);
}

/** With Σ₁ = L Lᵀ the eigenvalues of Σ₁Σ₂ are those of the symmetric Lᵀ Σ₂ L. */
function traceOfRoot(first: Float64Array, second: Float64Array, d: number): number {
  const lower = transposed(cholesky(first, d), d);
  // Row i of `lower` is column i of L; Σ₂ is symmetric, so that Σ₂ L needs no transposing.
  const half = rowProducts(lower, second, d, d, 1);
  const { values } = symmetricEigen(rowProducts(lower, half, d, d, 1), d, false);
  return values.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
}

/** L of a positive semi-definite matrix: where a pivot vanishes, so does its column. */
function cholesky(matrix: Float64Array, d: number): Float64Array {
  const l = new Float64Array(d * d);
  let largest = 0;
  for (let i = 0; i < d; i++) largest = Math.max(largest, matrix[i * d + i]!);
  const least = largest * d * 2 ** -52;
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * d + j]!;
      for (let k = 0; k < j; k++) rest -= l[i * d + k]! * l[j * d + k]!;
      if (i === j) l[i * d + i] = rest > least ? Math.sqrt(rest) : 0;
      else l[i * d + j] = l[j * d + j]! === 0 ? 0 : rest / l[j * d + j]!;
    }
  }
  return l;
}

function transposed(matrix: Float64Array, d: number): Float64Array {
  const out = new Float64Array(d * d);
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) out[j * d + i] = matrix[i * d + j]!;
  return out;
}

/** scale · A Bᵀ for A and B [d, n]. */
function rowProducts(a: Float64Array, b: Float64Array, d: number, n: number, scale: number): Float64Array {
  const out = new Float64Array(d * d);
  overPairs({ count: d, size: n, values: a }, { count: d, size: n, values: b }, [
    {
      row(i, products) {
        for (let j = 0; j < d; j++) out[i * d + j] = scale * products[j]!;
      },
    },
  ]);
  return out;
}
