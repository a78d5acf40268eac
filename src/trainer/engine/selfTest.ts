/** A tiny training step, the same on every machine: shows that a backend computes rightly, and roughly how fast. */
import { maskGeometry } from "../../core/masks/masks.ts";
import { parameterSpecs } from "../../core/model/backbones.ts";
import { sizeOf } from "../../core/model/graph/graph.ts";
import { trainingGraph } from "../../core/model/graphs.ts";
import { type ModelShape, tokenCount } from "../../core/model/shape.ts";
import { RandomStream } from "../../core/random/streams.ts";
import type { Backend, Feed } from "./backend.ts";

const SHAPE: ModelShape = {
  backbone: "uvit",
  imageSize: 16,
  channels: 3,
  patchSize: 4,
  embedDim: 64,
  depth: 3,
  numHeads: 4,
  mlpRatio: 4,
  qkvBias: false,
  timeMlp: false,
  numClasses: 0,
};
const BATCH_SIZE = 8;
const MIN_STEPS = 3;

export interface SelfTest {
  /** loss and all gradients, one after the other in the order of the graph's outputs */
  readonly values: Float32Array;
  /** the quickest step */
  readonly milliseconds: number;
  readonly batchSize: number;
}

/** @param seconds how long steps are repeated */
export async function selfTest(backend: Backend, seconds: number): Promise<SelfTest> {
  const graph = trainingGraph(SHAPE, BATCH_SIZE, visibleTokens(), backend.composites);
  const inputs = selfTestInputs();
  const total = graph.outputs.reduce((size, { tensor }) => size + sizeOf(tensor.shape), 0);
  const values = new Float32Array(total);
  const outputs = new Map<string, Float32Array>();
  let offset = 0;
  for (const { name, tensor } of graph.outputs) {
    outputs.set(name, values.subarray(offset, offset + sizeOf(tensor.shape)));
    offset += sizeOf(tensor.shape);
  }
  const executable = await backend.compile(graph);
  try {
    const end = performance.now() + 1000 * seconds;
    let milliseconds = Number.POSITIVE_INFINITY;
    for (let step = 0; step < MIN_STEPS || performance.now() < end; step++) {
      const start = performance.now();
      await executable.run(inputs, outputs);
      milliseconds = Math.min(milliseconds, performance.now() - start);
    }
    return { values, milliseconds, batchSize: BATCH_SIZE };
  } finally {
    await executable.dispose();
  }
}

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

/** Half of the patches, so that the position embedding is read by index. */
function visibleTokens(): number {
  const config = { strategy: "patch", rate: 0.5, blockSize: 1, cropSize: null } as const;
  return maskGeometry(config, Math.sqrt(tokenCount(SHAPE))).visibleTokens;
}

function selfTestInputs(): Map<string, Feed> {
  const S = visibleTokens();
  const inputs = new Map<string, Feed>();
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
  const values = BATCH_SIZE * S * SHAPE.patchSize ** 2 * SHAPE.channels;
  normals("tokens", values, 1);
  normals("target", values, 1);
  normals("timeEmbedding", BATCH_SIZE * SHAPE.embedDim, 1);
  inputs.set("weight", new Float32Array(BATCH_SIZE).fill(1 / BATCH_SIZE));
  inputs.set("one", Float32Array.of(1));
  // Every other patch; row 0 of the position embedding is the time token's.
  const rows = Array.from({ length: BATCH_SIZE }, () => [0, ...Array.from({ length: S }, (_, i) => 1 + 2 * i)]);
  inputs.set("positions", Int32Array.from(rows.flat()));
  return inputs;
}
