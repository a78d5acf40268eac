/** A float32 tensor with the name it has in a checkpoint. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** row-major values; length = product of shape (1 for a scalar) */
  readonly data: Float32Array;
}
