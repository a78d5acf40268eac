/** How far values are from a reference, relative to the largest of the reference. */
import { type Graph, sizeOf } from "../../../src/core/model/graph/graph.ts";

export function maxAbs(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}

/** max |actual - reference| / max |reference|; NaN where either holds a NaN. */
export function relativeError(actual: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (actual.length !== reference.length) throw new RangeError("the two differ in length");
  let worst = 0;
  for (let i = 0; i < reference.length; i++) {
    const difference = Math.abs(actual[i]! - reference[i]!);
    if (!(difference <= worst)) worst = difference;
    if (Number.isNaN(worst)) return Number.NaN;
  }
  return worst === 0 ? 0 : worst / maxAbs(reference);
}

/** An array for every output of a graph, filled with NaN so that an output not written is seen. */
export function outputArrays(graph: Graph): Map<string, Float32Array> {
  return new Map(
    graph.outputs.map(({ name, tensor }) => [name, new Float32Array(sizeOf(tensor.shape)).fill(Number.NaN)]),
  );
}
