/**
 * What a backend on a graphics card has to do: the same as the processor's, to float32's rounding. Executables are shared, since
 * compiling for a card takes seconds.
 */
import { afterAll, describe, expect, it } from "vitest";
import type { Graph } from "../../../src/core/model/graph/graph.ts";
import { elementsPerToken, tokenCount } from "../../../src/core/model/shape.ts";
import type { NamedTensor } from "../../../src/core/model/tensor.ts";
import type { Backend, Executable, Feed } from "../../../src/trainer/engine/backend.ts";
import { Engine, type EngineTensors, type StepScalars } from "../../../src/trainer/engine/engine.ts";
import { onnxBackend } from "../../../src/trainer/engine/onnx/backend.ts";
import { outputArrays, relativeError } from "../engine/compare.ts";
import { type TestBackend, titleOf } from "../engine/testBackends.ts";
import { normals, TINY_CASES, type TinyModel, tinyModel } from "../engine/tinyModels.ts";

/** Of the largest value of a tensor. */
const TOLERANCE = 1e-3;
/** So small that the learned tensors of a tiny model lie in several arrays. */
const SEGMENT_FLOATS = 8192;
const SCALARS = { lr: 1e-3, weightDecay: 0.03, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, emaDecay: 0.9 };

const cases = TINY_CASES.filter(({ title }) =>
  [
    "depth 2, patch",
    "depth 3, whole images, labels, time MLP",
    "depth 5, patch, labels, time MLP, biases, 4 heads, ratio 2",
    "output convolution, fixed positions, whole images, labels",
  ].includes(title),
).map((tiny) => ({ title: tiny.title, model: tinyModel(tiny) }));

const processor = onnxBackend({ provider: "cpu", threads: 2 });

/** Defines the tests of one backend, which are skipped, saying why, where it does not work. */
export function describeGpuBackend(candidate: TestBackend): void {
  const { backend } = candidate;
  if (!backend) {
    it.skip(titleOf(candidate));
    return;
  }
  describe(titleOf(candidate), () => {
    const executables = new Map<Graph, Promise<Executable>>();
    const compiled = (graph: Graph): Promise<Executable> => {
      const executable = executables.get(graph) ?? backend.compile(graph);
      executables.set(graph, executable);
      return executable;
    };
    afterAll(async () => {
      for (const executable of executables.values()) await (await executable).dispose();
    });

    it.each(cases)("has the loss, every gradient and the prediction of the processor: $title", async ({ model }) => {
      for (const graph of [model.training, model.prediction]) {
        const expected = await runOnce(await processor.compile(graph), graph, model.inputs);
        const actual = await runOnce(await compiled(graph), graph, model.inputs);
        expect(wrong(actual, expected)).toEqual([]);
      }
    });

    it("gives the same bits each time, and sees arrays that changed in place", async () => {
      const { training: graph, inputs } = cases.at(-1)!.model;
      const executable = await compiled(graph);
      const first = await runOnce(executable, graph, inputs);
      expect(await runOnce(executable, graph, inputs)).toEqual(first);
      const changed = inputs.get("encoder_to_output.bias")!;
      changed[0] = changed[0]! + 1;
      const moved = await runOnce(executable, graph, inputs);
      changed[0] = changed[0]! - 1;
      expect(moved.get("loss")).not.toEqual(first.get("loss"));
    });

    it("reads and writes parts of larger arrays, and only the outputs that are asked for", async () => {
      const { training: graph, inputs, batchSize } = cases[0]!.model;
      const shifted = new Map([...inputs].map(([name, values]) => [name, within(values)]));
      const loss = new Float32Array(batchSize + 6).fill(99);
      const executable = await compiled(graph);
      await executable.run(shifted, new Map([["loss", loss.subarray(3, 3 + batchSize)]]));
      const expected = (await runOnce(executable, graph, inputs)).get("loss")!;
      expect([...loss]).toEqual([99, 99, 99, ...expected, 99, 99, 99]);
    });

    it("names an input that is missing", async () => {
      const { training: graph, inputs } = cases[0]!.model;
      const incomplete = new Map(inputs);
      incomplete.delete("encoder.norm.weight");
      await expect((await compiled(graph)).run(incomplete, outputArrays(graph))).rejects.toThrow("encoder.norm.weight");
    });

    describe.each(cases)("training: $title", ({ model }) => {
      const B = model.batchSize;
      const engines = [processor, backend].map((each) => engineOn(each, model));
      const tensors = () => Promise.all(engines.map((engine) => engine.tensors()));
      const step = async (update: number, microBatchSize: number, clipGrad: number | null) => {
        const scalars: StepScalars = { ...SCALARS, update, microBatchSize, clipGrad, wantGradNorm: clipGrad === null };
        return Promise.all(engines.map((engine) => engine.trainStep(batchOf(model), scalars)));
      };
      afterAll(() => Promise.all(engines.map((engine) => engine.dispose())));

      it("has the processor's losses, norm, weights, moments and averages after some steps", async () => {
        for (const engine of engines) await loadWeights(engine, model);
        // clipped, whole; not clipped, by micro-batches; clipped, by micro-batches
        for (const [i, [size, clip]] of (
          [
            [B, 0.1],
            [1, null],
            [1, 0.1],
          ] as const
        ).entries()) {
          const [expected, actual] = await step(i + 1, size, clip);
          expect(actual).toMatchObject({ applied: true });
          expect(relativeError(actual!.losses, expected!.losses)).toBeLessThan(TOLERANCE);
          expect(relativeError([actual!.gradNorm!], [expected!.gradNorm!])).toBeLessThan(TOLERANCE);
        }
        const [expected, actual] = await tensors();
        expect(wrong(byName(actual!), byName(expected!))).toEqual([]);
        const start = model.inputs.get("encoder_to_output.weight")!;
        expect(relativeError(byName(actual!).get("raw encoder_to_output.weight")!, start)).toBeGreaterThan(TOLERANCE);
      });

      it("predicts with the weights and with their averages", async () => {
        const tokens = normals(77, 2 * tokenCount(model.shape) * elementsPerToken(model.shape));
        const labels = model.shape.numClasses > 0 ? Int32Array.of(0, model.shape.numClasses) : null;
        const predictions = (weights: "raw" | "ema") =>
          Promise.all(engines.map((engine) => engine.predict(tokens, Int32Array.of(3, 700), labels, weights)));
        const [raw, ema] = [await predictions("raw"), await predictions("ema")];
        expect(relativeError(raw[1]!, raw[0]!)).toBeLessThan(TOLERANCE);
        expect(relativeError(ema[1]!, ema[0]!)).toBeLessThan(TOLERANCE);
        expect(raw[1]).not.toEqual(ema[1]);
      });

      it("leaves everything as it was where the loss is not finite, and goes on", async () => {
        const engine = engines[1]!;
        const before = copies(await engine.tensors());
        const batch = { ...batchOf(model), weight: new Float32Array(B).fill(Number.NaN) };
        const scalars = { ...SCALARS, update: 4, microBatchSize: B, clipGrad: null, wantGradNorm: false };
        expect(await engine.trainStep(batch, scalars)).toMatchObject({ applied: false, gradNorm: null });
        expect(copies(await engine.tensors())).toEqual(before);
        expect(await engine.isFinite()).toBe(true);
        const [expected, actual] = await step(4, B, null);
        expect(relativeError(actual!.losses, expected!.losses)).toBeLessThan(TOLERANCE);
      });

      it("trains on from weights that are loaded in between", async () => {
        for (const engine of engines) await loadWeights(engine, model);
        const [, first] = await tensors();
        const loaded = copies(first!);
        expect(loaded.get("ema encoder.norm.weight")).toEqual(model.inputs.get("encoder.norm.weight"));
        const [expected, actual] = await step(5, B, null);
        expect(relativeError(actual!.losses, expected!.losses)).toBeLessThan(TOLERANCE);
        const [theirs, own] = await tensors();
        expect(wrong(byName(own!), byName(theirs!))).toEqual([]);
      });
    });
  });
}

async function runOnce(executable: Executable, graph: Graph, inputs: ReadonlyMap<string, Feed>) {
  const outputs = outputArrays(graph);
  await executable.run(inputs, outputs);
  return outputs;
}

function within(values: Feed): Feed {
  const room = values instanceof Int32Array ? new Int32Array(values.length + 6) : new Float32Array(values.length + 6);
  const part = room.fill(99).subarray(3, 3 + values.length);
  part.set(values);
  return part;
}

/** Those that are not the same to rounding. */
function wrong(actual: ReadonlyMap<string, Float32Array>, expected: ReadonlyMap<string, Float32Array>) {
  const errors = [...expected].map(([name, values]) => ({ name, error: relativeError(actual.get(name)!, values) }));
  return errors.filter(({ error }) => !(error < TOLERANCE));
}

function engineOn(backend: Backend, { shape }: TinyModel): Engine {
  const { learner } = backend;
  const inSegments = learner && { learner: (store: Parameters<typeof learner>[0]) => learner(store, SEGMENT_FLOATS) };
  return new Engine({ ...backend, ...inSegments }, { shape, seed: 0 });
}

async function loadWeights(engine: Engine, { specs, inputs }: TinyModel): Promise<void> {
  const tensors = specs.map(({ name, shape }): [string, NamedTensor] => {
    return [name, { name, shape, data: inputs.get(name) as Float32Array }];
  });
  await engine.load(new Map(tensors), "raw", "the test");
  await engine.restartEma();
}

function batchOf({ inputs, batchSize, visibleTokens, visible, timesteps, shape }: TinyModel) {
  return {
    batchSize,
    visibleTokens,
    tokens: inputs.get("tokens") as Float32Array,
    target: inputs.get("target") as Float32Array,
    weight: Float32Array.from({ length: batchSize }, (_, b) => 1 + b),
    timesteps,
    visible,
    labels: shape.numClasses > 0 ? (inputs.get("labels") as Int32Array) : null,
  };
}

function byName({ raw, ema, optimizer }: EngineTensors): Map<string, Float32Array> {
  const named = (set: string, tensors: readonly NamedTensor[]) =>
    tensors.map(({ name, data }): [string, Float32Array] => [`${set} ${name}`, data]);
  return new Map([...named("raw", raw), ...named("ema", ema), ...named("optimizer", optimizer)]);
}

function copies(tensors: EngineTensors): Map<string, Float32Array> {
  return new Map([...byName(tensors)].map(([name, data]) => [name, data.slice()]));
}
