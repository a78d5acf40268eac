/** Eigenvalues and eigenvectors of a symmetric matrix. */

export interface Eigen {
  /** [d], ascending */
  readonly values: Float64Array;
  /** [d, d], the vector of each eigenvalue as a row; null: not asked for */
  readonly vectors: Float64Array | null;
}

/**
 * Householder's reduction to a tridiagonal matrix, then QL steps with implicit shifts (Golub and Van Loan, Matrix Computations, 8.3): 4/3 d³ operations,
 * and about 8 d³ more for the vectors. Vectors are rows throughout, so that every inner loop runs along memory.
 * @param matrix [d, d], overwritten
 */
export function symmetricEigen(matrix: Float64Array, d: number, withVectors: boolean): Eigen {
  const { diagonal, offDiagonal, vectors } = tridiagonal(matrix, d, withVectors);
  implicitQl(diagonal, offDiagonal, vectors, d);
  const order = Array.from(diagonal.keys()).sort((i, j) => diagonal[i]! - diagonal[j]!);
  return {
    values: Float64Array.from(order, (i) => diagonal[i]!),
    vectors: vectors && concatenate(order.map((i) => vectors.subarray(i * d, (i + 1) * d))),
  };
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** [d], element i lies between places i and i + 1; the last is 0 */
  readonly offDiagonal: Float64Array;
  /** [d, d], Q with matrix = Qᵀ T Q; null: not asked for */
  readonly vectors: Float64Array | null;
}

/** Reflections I - u uᵀ, |u|² = 2, of the rows below the diagonal, one column after the other. */
function tridiagonal(a: Float64Array, d: number, withVectors: boolean): Tridiagonal {
  const diagonal = new Float64Array(d);
  const offDiagonal = new Float64Array(d);
  const reflections: Float64Array[] = [];
  for (let k = 0; k < d - 1; k++) {
    diagonal[k] = a[k * d + k]!;
    // The matrix stays symmetric: its row right of the diagonal is the column below.
    const u = a.slice(k * d + k + 1, (k + 1) * d);
    let norm = Math.sqrt(dot(u, u));
    if (norm === 0) {
      reflections.push(u);
      continue;
    }
    if (u[0]! > 0) norm = -norm;
    offDiagonal[k] = norm;
    const scale = 1 / Math.sqrt(norm * (norm - u[0]!));
    u[0] = u[0]! - norm;
    for (let i = 0; i < u.length; i++) u[i] = u[i]! * scale;
    reflections.push(u);
    reflectBothSides(a, d, k + 1, u);
  }
  diagonal[d - 1] = a[d * d - 1]!;
  return { diagonal, offDiagonal, vectors: withVectors ? product(reflections, d) : null };
}

/** B := (I - u uᵀ) B (I - u uᵀ) for the square B below and right of place `from`. */
function reflectBothSides(a: Float64Array, d: number, from: number, u: Float64Array): void {
  const n = u.length;
  const w = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const row = (from + i) * d + from;
    let sum = 0;
    for (let j = 0; j < n; j++) sum += a[row + j]! * u[j]!;
    w[i] = sum;
  }
  const half = dot(u, w) / 2;
  for (let i = 0; i < n; i++) w[i] = w[i]! - half * u[i]!;
  for (let i = 0; i < n; i++) {
    const row = (from + i) * d + from;
    const ui = u[i]!;
    const wi = w[i]!;
    for (let j = 0; j < n; j++) a[row + j] = a[row + j]! - ui * w[j]! - wi * u[j]!;
  }
}

/** H_{d-2} … H_1 H_0, H_k the k-th reflection. */
function product(reflections: readonly Float64Array[], d: number): Float64Array {
  const q = new Float64Array(d * d);
  for (let i = 0; i < d; i++) q[i * d + i] = 1;
  const w = new Float64Array(d);
  // From the last on the left side of a product that grows from the right: only the part that is not yet the identity changes.
  for (let k = reflections.length - 1; k >= 0; k--) {
    const u = reflections[k]!;
    const from = d - u.length;
    for (let i = from; i < d; i++) {
      const row = i * d;
      let sum = 0;
      for (let j = 0; j < u.length; j++) sum += q[row + from + j]! * u[j]!;
      w[i] = sum;
    }
    for (let i = from; i < d; i++) {
      const row = i * d + from;
      for (let j = 0; j < u.length; j++) q[row + j] = q[row + j]! - w[i]! * u[j]!;
    }
  }
  return q;
}

const EPSILON = 2 ** -52;

/** Makes a tridiagonal matrix diagonal; rotates the rows of `vectors` alike. */
function implicitQl(diagonal: Float64Array, off: Float64Array, vectors: Float64Array | null, d: number): void {
  for (let first = 0; first < d; first++) {
    for (;;) {
      let last = first;
      while (
        last < d - 1 &&
        Math.abs(off[last]!) > EPSILON * (Math.abs(diagonal[last]!) + Math.abs(diagonal[last + 1]!))
      )
        last++;
      if (last === first) break;
      step(diagonal, off, vectors, d, first, last);
    }
  }
}

/** One QL step with Wilkinson's shift on the unreduced block first … last. */
function step(
  diagonal: Float64Array,
  off: Float64Array,
  vectors: Float64Array | null,
  d: number,
  first: number,
  last: number,
): void {
  const half = (diagonal[first + 1]! - diagonal[first]!) / (2 * off[first]!);
  const root = Math.hypot(half, 1);
  let g = diagonal[last]! - diagonal[first]! + off[first]! / (half + (half < 0 ? -root : root));
  let sine = 1;
  let cosine = 1;
  let shift = 0;
  for (let i = last - 1; i >= first; i--) {
    const f = sine * off[i]!;
    const b = cosine * off[i]!;
    const r = Math.hypot(f, g);
    off[i + 1] = r;
    if (r === 0) {
      // The block falls apart here.
      diagonal[i + 1] = diagonal[i + 1]! - shift;
      off[last] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    const h = diagonal[i + 1]! - shift;
    const t = (diagonal[i]! - h) * sine + 2 * cosine * b;
    shift = sine * t;
    diagonal[i + 1] = h + shift;
    g = cosine * t - b;
    if (vectors) rotateRows(vectors, d, i, sine, cosine);
  }
  diagonal[first] = diagonal[first]! - shift;
  off[first] = g;
  off[last] = 0;
}

function rotateRows(v: Float64Array, d: number, i: number, sine: number, cosine: number): void {
  const upper = i * d;
  const lower = upper + d;
  for (let k = 0; k < d; k++) {
    const x = v[lower + k]!;
    const y = v[upper + k]!;
    v[lower + k] = sine * y + cosine * x;
    v[upper + k] = cosine * y - sine * x;
  }
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
}

function concatenate(rows: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(rows.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const row of rows) {
    out.set(row, at);
    at += row.length;
  }
  return out;
}
