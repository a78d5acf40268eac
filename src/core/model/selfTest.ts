/** A tiny training step, the same on every machine: shows that a backend computes rightly, and roughly how fast. */
import { maskGeometry } from "../masks/masks.ts";
import { RandomStream } from "../random/streams.ts";
import { parameterSpecs } from "./backbones.ts";
import { type Graph, sizeOf } from "./graph/graph.ts";
import type { Composites } from "./graph/lower.ts";
import { trainingGraph } from "./graphs.ts";
import { SELF_TEST_REFERENCE } from "./selfTestReference.ts";
import { METHOD_CHOICES, type ModelShape, tokenCount } from "./shape.ts";

const SHAPE: ModelShape = {
  ...METHOD_CHOICES,
  imageSize: 16,
  channels: 3,
  patchSize: 4,
  embedDim: 64,
  depth: 3,
  numHeads: 4,
};
/** Images of the step. */
export const SELF_TEST_BATCH = 8;
/** Of the sum of a stretch's values without their signs. float32 gives some 1e-7. */
const LARGEST_FAULT = 1e-4;

/**
 * Largest difference between two self-tests, over the largest value; NaN where a value is not finite.
 * @param reference as long as values
 */
export function selfTestDifference(values: Float32Array, reference: Float32Array): number {
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < values.length; i++) {
    const distance = Math.abs(values[i]! - reference[i]!);
    if (!Number.isFinite(distance)) return Number.NaN;
    difference = Math.max(difference, distance);
    largest = Math.max(largest, Math.abs(reference[i]!));
  }
  return difference / largest;
}

/** The step, which selfTestInputs are for. */
export function selfTestGraph(composites?: Composites): Graph {
  return trainingGraph(SHAPE, SELF_TEST_BATCH, visibleTokens(), composites);
}

/** Weighted sums of some values, and the sums of what they would be without signs: an error anywhere changes them. */
export interface StretchSums {
  readonly sum: number;
  readonly magnitude: number;
}

/** Of so many stretches as the reference has, of nearly the same length. */
export function selfTestSums(values: ArrayLike<number>): StretchSums[] {
  const count = 64;
  const sums = Array.from({ length: count }, () => ({ sum: 0, magnitude: 0 }));
  for (let i = 0; i < values.length; i++) {
    // From 0.5 to 1.5, no two neighbours alike: values that changed places do not go unnoticed.
    const value = values[i]! * (0.5 + (Math.imul(i, 0x9e3779b1) >>> 0) / 2 ** 32);
    const stretch = sums[Math.floor((i * count) / values.length)]!;
    stretch.sum += value;
    stretch.magnitude += Math.abs(value);
  }
  return sums;
}

/** What is wrong with a self-test's values, without a full stop; null for nothing. */
export function selfTestFault(values: Float32Array): string | null {
  if (!values.every(Number.isFinite)) return "its gradients are not finite numbers";
  const differences = selfTestSums(values).map(({ sum }, i) => {
    const [expected, magnitude] = SELF_TEST_REFERENCE[i]!;
    return Math.abs(sum - expected) / magnitude;
  });
  const largest = Math.max(...differences);
  return largest <= LARGEST_FAULT
    ? null
    : `its gradients are wrong: they are off by ${largest.toExponential(1)} of their size`;
}

/** Half of the patches, so that the position embedding is read by index. */
function visibleTokens(): number {
  const config = { strategy: "patch", rate: 0.5, blockSize: 1, cellSize: 2, cropSize: null } as const;
  return maskGeometry(config, Math.sqrt(tokenCount(SHAPE))).visibleTokens;
}

export function selfTestInputs(): Map<string, Float32Array | Int32Array> {
  const S = visibleTokens();
  const inputs = new Map<string, Float32Array | Int32Array>();
  const normals = (name: string, length: number, scale: number, mean = 0): void => {
    const stream = new RandomStream({ seed: 0, stage: "pretrain", stream: "init", step: 0, item: inputs.size });
    const data = new Float32Array(length);
    stream.fillNormal(data, 0, length, scale);
    inputs.set(
      name,
      data.map((value) => mean + value),
    );
  };
  for (const { name, shape, init } of parameterSpecs(SHAPE)) normals(name, sizeOf(shape), 0.1, init === "ones" ? 1 : 0);
  const values = SELF_TEST_BATCH * S * SHAPE.patchSize ** 2 * SHAPE.channels;
  normals("tokens", values, 1);
  normals("target", values, 1);
  normals("timeEmbedding", SELF_TEST_BATCH * SHAPE.embedDim, 1);
  inputs.set("weight", new Float32Array(SELF_TEST_BATCH).fill(1 / SELF_TEST_BATCH));
  inputs.set("one", Float32Array.of(1));
  // Every other patch; row 0 of the position embedding is the time token's.
  const rows = Array.from({ length: SELF_TEST_BATCH }, () => [0, ...Array.from({ length: S }, (_, i) => 1 + 2 * i)]);
  inputs.set("positions", Int32Array.from(rows.flat()));
  return inputs;
}
