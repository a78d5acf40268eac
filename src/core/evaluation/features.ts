/** What a network says of images: a row of numbers for each. */
export interface Features {
  /** n, images */
  readonly count: number;
  /** d, features of an image */
  readonly size: number;
  /** [n, d], row by row */
  readonly values: Float64Array;
}

/** The rows with these numbers, in this order. */
export function selectFeatures({ size, values }: Features, rows: ArrayLike<number>): Features {
  const out = new Float64Array(rows.length * size);
  for (let i = 0; i < rows.length; i++) {
    out.set(values.subarray(rows[i]! * size, (rows[i]! + 1) * size), i * size);
  }
  return { count: rows.length, size, values: out };
}
