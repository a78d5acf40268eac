/** Runs the self-test on a backend. */
import { sizeOf } from "../../core/model/graph/graph.ts";
import { SELF_TEST_BATCH, selfTestGraph, selfTestInputs } from "../../core/model/selfTest.ts";
import type { Backend } from "./backend.ts";

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
  const graph = selfTestGraph(backend.composites);
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
    return { values, milliseconds, batchSize: SELF_TEST_BATCH };
  } finally {
    await executable.dispose();
  }
}
