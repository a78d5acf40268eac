/** A float32 tensor with the name it has in a checkpoint. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** row-major values; length = product of shape (1 for a scalar) */
  readonly data: Float32Array;
}

/** Number of values a shape holds; 1 for a scalar, 0 if any side is 0. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
