/** Features with known laws for tests. */
import type { Features } from "../../../src/core/evaluation/features.ts";
import { RandomStream } from "../../../src/core/random/streams.ts";

/** Normal rows around `shift` in every feature; the features are correlated, as a network's are. @param item a number for each set */
export function normalFeatures(count: number, size: number, item: number, shift = 0, seed = 1): Features {
  const draws = new Float32Array(count * size);
  new RandomStream({ seed, stage: "pretrain", stream: "noise", step: 0, item }).fillNormal(draws, 0, draws.length);
  const values = Float64Array.from(draws, (value, at) => shift + value + (at % size === 0 ? 0 : draws[at - 1]! / 2));
  return { count, size, values };
}

export function rowsOf({ count, size, values }: Features): number[][] {
  return Array.from({ length: count }, (_, i) => Array.from(values.subarray(i * size, (i + 1) * size)));
}

/** The rows of one set, then those of another. */
export function joined(first: Features, second: Features): Features {
  return {
    count: first.count + second.count,
    size: first.size,
    values: Float64Array.from([...first.values, ...second.values]),
  };
}
