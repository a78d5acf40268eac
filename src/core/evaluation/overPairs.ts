/** Every measure of two sets of images asks the same of each pair: the inner product and the distance of their features. */
import type { Features } from "./features.ts";

/** Told of the pairs row by row. */
export interface PairVisitor {
  /**
   * @param i row of the first set
   * @param products [m], its inner products with the rows of the second set
   * @param squares [m], squared Euclidean distances to them; of equal rows exactly 0
   */
  row(i: number, products: Float64Array, squares: Float64Array): void;
}

/** Rows of the first set at a time: they stay in the processor's cache while the second set passes by. */
const PANEL = 32;
const TILE = 4;

/**
 * Goes through all pairs of rows of a and b, in the order of a's rows. Both arrays that a visitor gets are overwritten by the next row.
 * 2 n m d operations in float64, and memory for a panel of rows only.
 * @throws RangeError where the rows of a and b differ in length
 */
export function overPairs(a: Features, b: Features, visitors: readonly PairVisitor[]): void {
  if (a.size !== b.size) throw new RangeError(`features of ${a.size} and of ${b.size} numbers cannot be compared`);
  const m = b.count;
  const normsA = squaredNorms(a);
  const normsB = squaredNorms(b);
  const panel = new Float64Array(PANEL * m);
  const squares = new Float64Array(m);
  for (let from = 0; from < a.count; from += PANEL) {
    const rows = Math.min(PANEL, a.count - from);
    for (let j = 0; j < m; j += TILE) {
      for (let i = 0; i < rows; i += TILE) tile(a, b, from + i, j, panel, i);
    }
    for (let i = 0; i < rows; i++) {
      const products = panel.subarray(i * m, (i + 1) * m);
      const norm = normsA[from + i]!;
      for (let j = 0; j < m; j++) squares[j] = Math.max(0, norm + normsB[j]! - 2 * products[j]!);
      for (const visitor of visitors) visitor.row(from + i, products, squares);
    }
  }
}

/**
 * Inner products of rows row … row+3 of a with rows column … column+3 of b, into a panel from its row `place` on. Beyond the end the last row stands
 * in and is not written: each product is summed in the same order wherever it lies, or equal rows would not be at distance 0.
 */
function tile(a: Features, b: Features, row: number, column: number, panel: Float64Array, place: number): void {
  const { size, values: x } = a;
  const { values: y } = b;
  const lastA = a.count - 1;
  const lastB = b.count - 1;
  const a0 = row * size;
  const a1 = Math.min(row + 1, lastA) * size;
  const a2 = Math.min(row + 2, lastA) * size;
  const a3 = Math.min(row + 3, lastA) * size;
  const b0 = column * size;
  const b1 = Math.min(column + 1, lastB) * size;
  const b2 = Math.min(column + 2, lastB) * size;
  const b3 = Math.min(column + 3, lastB) * size;
  let s00 = 0,
    s01 = 0,
    s02 = 0,
    s03 = 0,
    s10 = 0,
    s11 = 0,
    s12 = 0,
    s13 = 0;
  let s20 = 0,
    s21 = 0,
    s22 = 0,
    s23 = 0,
    s30 = 0,
    s31 = 0,
    s32 = 0,
    s33 = 0;
  for (let k = 0; k < size; k++) {
    const x0 = x[a0 + k]!;
    const x1 = x[a1 + k]!;
    const x2 = x[a2 + k]!;
    const x3 = x[a3 + k]!;
    const y0 = y[b0 + k]!;
    s00 += x0 * y0;
    s10 += x1 * y0;
    s20 += x2 * y0;
    s30 += x3 * y0;
    const y1 = y[b1 + k]!;
    s01 += x0 * y1;
    s11 += x1 * y1;
    s21 += x2 * y1;
    s31 += x3 * y1;
    const y2 = y[b2 + k]!;
    s02 += x0 * y2;
    s12 += x1 * y2;
    s22 += x2 * y2;
    s32 += x3 * y2;
    const y3 = y[b3 + k]!;
    s03 += x0 * y3;
    s13 += x1 * y3;
    s23 += x2 * y3;
    s33 += x3 * y3;
  }
  const sums = [s00, s01, s02, s03, s10, s11, s12, s13, s20, s21, s22, s23, s30, s31, s32, s33];
  const rows = Math.min(TILE, a.count - row);
  const columns = Math.min(TILE, b.count - column);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) panel[(place + i) * b.count + column + j] = sums[i * TILE + j]!;
  }
}

function squaredNorms({ count, size, values }: Features): Float64Array {
  const norms = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let k = i * size; k < (i + 1) * size; k++) sum += values[k]! * values[k]!;
    norms[i] = sum;
  }
  return norms;
}
