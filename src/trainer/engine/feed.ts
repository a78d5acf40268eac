/** An array that a graph reads. */
export type Feed = Float32Array | Int32Array;
