import { describe, expect, it } from "vitest";
import { symmetricEigen } from "../../../src/core/evaluation/eigen.ts";

/** Aᵀ D A with A the reflection that takes the first axis to the diagonal: eigenvalues D, exactly known. */
function matrixWith(eigenvalues: readonly number[]): Float64Array {
  const d = eigenvalues.length;
  const u = Float64Array.from({ length: d }, (_, i) => 1 / Math.sqrt(d) - (i === 0 ? 1 : 0));
  const norm = u.reduce((sum, value) => sum + value * value, 0);
  const a = (i: number, j: number): number => (i === j ? 1 : 0) - (norm === 0 ? 0 : (2 * u[i]! * u[j]!) / norm);
  return Float64Array.from({ length: d * d }, (_, at) => {
    const [i, j] = [Math.floor(at / d), at % d];
    return eigenvalues.reduce((sum, value, k) => sum + value * a(k, i) * a(k, j), 0);
  });
}

const SPECTRA: Record<string, number[]> = {
  "one number": [3],
  "different numbers": Array.from({ length: 40 }, (_, i) => (i - 12) ** 3),
  "equal numbers": Array.from({ length: 20 }, (_, i) => (i < 15 ? 2 : 5)),
  "zeros, as of few images": Array.from({ length: 30 }, (_, i) => (i < 22 ? 0 : i)),
  "nothing but zeros": Array.from({ length: 7 }, () => 0),
  "numbers of very different size": Array.from({ length: 25 }, (_, i) => 10 ** (i - 20)),
};

describe("symmetricEigen", () => {
  for (const [name, spectrum] of Object.entries(SPECTRA)) {
    it(`finds ${name}`, () => {
      const d = spectrum.length;
      const matrix = matrixWith(spectrum);
      const { values, vectors } = symmetricEigen(matrix.slice(), d, true);
      const largest = Math.max(...spectrum.map(Math.abs), 1e-300);
      const sorted = spectrum.toSorted((a, b) => a - b);
      for (const [i, value] of values.entries()) expect(Math.abs(value - sorted[i]!) / largest).toBeLessThan(1e-13);
      expect(symmetricEigen(matrix.slice(), d, false).values).toEqual(values);
      for (let v = 0; v < d; v++) {
        const vector = vectors!.subarray(v * d, (v + 1) * d);
        for (let i = 0; i < d; i++) {
          const image = vector.reduce((sum, x, j) => sum + matrix[i * d + j]! * x, 0);
          expect(Math.abs(image - values[v]! * vector[i]!) / largest).toBeLessThan(1e-13);
        }
        for (let w = 0; w <= v; w++) {
          const product = vector.reduce((sum, x, j) => sum + x * vectors![w * d + j]!, 0);
          expect(product).toBeCloseTo(Number(v === w), 12);
        }
      }
    });
  }
});
