/** The native backend with its composite operations, against float64; test/unit/engine/backends.test.ts runs it on plain graphs. */
import { describe, expect, it } from "vitest";
import type { Graph } from "../../../src/core/model/graph/graph.ts";
import { ALL_COMPOSITES } from "../../../src/core/model/graph/lower.ts";
import { predictionGraph, trainingGraph } from "../../../src/core/model/graphs.ts";
import { nativeBackend } from "../../../src/trainer/engine/native/backend.ts";
import type { NativeExecutable } from "../../../src/trainer/engine/native/executable.ts";
import { maxAbs, outputArrays, relativeError } from "../engine/compare.ts";
import { interpret } from "../engine/float64Interpreter.ts";
import { TINY_CASES, type TinyCase, type TinyModel, tinyModel } from "../engine/tinyModels.ts";
import { describeEachSet } from "./instructionSets.ts";
import { requireNative } from "./requireNative.ts";

const TOLERANCE = 1e-5;

/** More tokens than are worked on together in attention, widths that fill no vector, products of several slices. */
const LARGE: TinyCase = {
  title: "169 tokens, width 24 of 3 heads, 8 images",
  shape: {
    ...TINY_CASES[0]!.shape,
    depth: 2,
    imageSize: 26,
    patchSize: 2,
    embedDim: 24,
    numHeads: 3,
    channels: 3,
  },
  mask: { strategy: "none", rate: 0, blockSize: 1, cellSize: 2, cropSize: null },
  batchSize: 8,
};

function withComposites({ shape, batchSize, visibleTokens }: TinyModel): { training: Graph; prediction: Graph } {
  return {
    training: trainingGraph(shape, batchSize, visibleTokens, ALL_COMPOSITES),
    prediction: predictionGraph(shape, batchSize, visibleTokens, ALL_COMPOSITES),
  };
}

async function run(graph: Graph, model: TinyModel, set: string, threads: number, times = 1) {
  const backend = nativeBackend(threads, set);
  const executable = (await backend.compile(graph)) as NativeExecutable;
  const outputs = outputArrays(graph);
  for (let i = 0; i < times; i++) executable.train(model.inputs, outputs, i > 0, null);
  await executable.dispose();
  return outputs;
}

describe.skipIf(!requireNative())("the native backend's composites", () => {
  it("are all in use", () => {
    // A network has GELU or SwiGLU, and means to take out or not.
    const { shape, ...plain } = TINY_CASES[2]!;
    const modern = { ...shape, qkNorm: "rms", norm: "rms", mlp: "swiglu" } as const;
    const graphs = [shape, modern].map((shape) => withComposites(tinyModel({ ...plain, shape })).training);
    const kinds = new Set<string>(graphs.flatMap(({ nodes }) => nodes.map(({ operation }) => operation.kind)));
    for (const composite of ALL_COMPOSITES) expect(kinds).toContain(composite);
    for (const kind of ["softmax", "transpose", "erf", "exp", "rsqrt"]) expect(kinds).not.toContain(kind);
  });
});

describeEachSet("the native backend's composites", (set) => {
  it.each([...TINY_CASES, LARGE])("loss, gradients and prediction agree with float64: $title", async (tiny) => {
    const model = tinyModel(tiny);
    const graphs = withComposites(model);
    for (const kind of ["training", "prediction"] as const) {
      const reference = interpret(model[kind], model.inputs);
      for (const [name, values] of await run(graphs[kind], model, set, 2)) {
        expect(relativeError(values, reference.get(name)!), name).toBeLessThan(TOLERANCE);
      }
    }
  });

  it("give the same bits with any number of threads", async () => {
    const model = tinyModel(LARGE);
    const { training } = withComposites(model);
    const one = await run(training, model, set, 1);
    for (const threads of [2, 3, 5]) expect(await run(training, model, set, threads)).toEqual(one);
  });

  it("add gradients to what is there, and set the losses anew", async () => {
    for (const tiny of [TINY_CASES[3]!, LARGE]) {
      const model = tinyModel(tiny);
      const { training } = withComposites(model);
      const once = await run(training, model, set, 2);
      const thrice = await run(training, model, set, 2, 3);
      for (const [name, values] of thrice) {
        const factor = name === "loss" ? 1 : 3;
        const expected = once.get(name)!.map((value) => value * factor);
        expect(relativeError(values, expected), name).toBeLessThan(1e-6);
        expect(maxAbs(values)).toBeGreaterThan(0);
      }
    }
  });
});
