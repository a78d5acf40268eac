import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { Graph } from "../../../src/core/model/graph/graph.ts";
import type { Backend, Feed } from "../../../src/trainer/engine/backend.ts";
import { outputArrays, relativeError } from "./compare.ts";
import { interpret } from "./float64Interpreter.ts";
import { testBackends, titleOf } from "./testBackends.ts";
import { TINY_CASES, tinyModel } from "./tinyModels.ts";

const TOLERANCE = 1e-4;

const cases = TINY_CASES.map((tiny) => {
  const model = tinyModel(tiny);
  return {
    title: tiny.title,
    model,
    training: interpret(model.training, model.inputs),
    prediction: interpret(model.prediction, model.inputs),
  };
});
const backends = await testBackends();

async function runOnce(backend: Backend, graph: Graph, inputs: ReadonlyMap<string, Feed>) {
  const executable = await backend.compile(graph);
  const outputs = outputArrays(graph);
  await executable.run(inputs, outputs);
  await executable.dispose();
  return outputs;
}

it("finds the two backends that every installation has", () => {
  const always = backends.filter(({ name }) => name === "onnx" || name === "tfjs-wasm");
  expect(always.map(({ name, reason }) => ({ name, reason }))).toEqual([
    { name: "onnx", reason: "" },
    { name: "tfjs-wasm", reason: "" },
  ]);
});

for (const candidate of backends) {
  const { backend } = candidate;
  describe.skipIf(!backend)(titleOf(candidate), () => {
    it.each(cases)("loss and every gradient agree with float64: $title", async ({ model, training }) => {
      const outputs = await runOnce(backend!, model.training, model.inputs);
      const errors = [...outputs].map(([name, values]) => ({
        name,
        error: relativeError(values, training.get(name)!),
      }));
      expect(errors.filter(({ error }) => !(error < TOLERANCE))).toEqual([]);
    });

    it.each(cases)("the prediction agrees with float64: $title", async ({ model, prediction }) => {
      const outputs = await runOnce(backend!, model.prediction, model.inputs);
      expect(relativeError(outputs.get("output")!, prediction.get("output")!)).toBeLessThan(TOLERANCE);
    });

    it("gives the same bits each time, and sees arrays that changed in place", async () => {
      const { training: graph, inputs, specs } = cases.at(-1)!.model;
      const executable = await backend!.compile(graph);
      const first = outputArrays(graph);
      await executable.run(inputs, first);
      const again = outputArrays(graph);
      await executable.run(inputs, again);
      expect(again).toEqual(first);
      const changed = inputs.get(specs.at(-1)!.name)!;
      changed[0] = changed[0]! + 1;
      const moved = outputArrays(graph);
      await executable.run(inputs, moved);
      changed[0] = changed[0]! - 1;
      expect(moved.get("loss")).not.toEqual(first.get("loss"));
      await executable.dispose();
    });

    it("writes only the outputs that are asked for", async () => {
      const { training: graph, inputs } = cases[0]!.model;
      const executable = await backend!.compile(graph);
      const loss = new Float32Array(cases[0]!.model.batchSize).fill(Number.NaN);
      await executable.run(inputs, new Map([["loss", loss]]));
      expect(relativeError(loss, cases[0]!.training.get("loss")!)).toBeLessThan(TOLERANCE);
      await executable.dispose();
    });

    it("reads and writes parts of larger arrays", async () => {
      const { model, training } = cases[0]!;
      const within = (values: Feed): Feed => {
        const room =
          values instanceof Int32Array ? new Int32Array(values.length + 6) : new Float32Array(values.length + 6);
        const part = room.fill(99).subarray(3, 3 + values.length);
        part.set(values);
        return part;
      };
      const inputs = new Map([...model.inputs].map(([name, values]) => [name, within(values)]));
      const outputs = new Map(
        [...outputArrays(model.training)].map(([name, values]) => [name, within(values) as Float32Array]),
      );
      const executable = await backend!.compile(model.training);
      await executable.run(inputs, outputs);
      await executable.dispose();
      for (const [name, values] of outputs) {
        expect(relativeError(values, training.get(name)!), name).toBeLessThan(TOLERANCE);
        const room = new Float32Array(values.buffer);
        expect([...room.subarray(0, 3), ...room.subarray(-3)], name).toEqual([99, 99, 99, 99, 99, 99]);
      }
    });

    it("names an input that is missing", async () => {
      const { training: graph, inputs } = cases[0]!.model;
      const executable = await backend!.compile(graph);
      const incomplete = new Map(inputs);
      incomplete.delete("encoder.norm.weight");
      await expect(executable.run(incomplete, outputArrays(graph))).rejects.toThrow("encoder.norm.weight");
      await executable.dispose();
    });
  });
}

describe.each(backends.filter(({ name }) => name.startsWith("tfjs")))("$name", ({ backend }) => {
  it.skipIf(!backend)("keeps no tensor after a run, nor after one that fails", async () => {
    const { training: graph, inputs } = cases.at(-1)!.model;
    const executable = await backend!.compile(graph);
    const incomplete = new Map(inputs);
    incomplete.delete(graph.inputs.at(-1)!.name);
    await executable.run(inputs, outputArrays(graph));
    const before = tf.memory();
    for (let i = 0; i < 3; i++) await executable.run(inputs, outputArrays(graph));
    await expect(executable.run(incomplete, outputArrays(graph))).rejects.toThrow();
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
  });

  it.skipIf(!backend)("can take turns with runs of other backends", async () => {
    const { training: graph, inputs } = cases[0]!.model;
    const runs = backends.flatMap(({ backend }) => (backend ? [backend, backend] : []));
    const results = await Promise.all(runs.map((other) => runOnce(other, graph, inputs)));
    for (const outputs of results) {
      expect(relativeError(outputs.get("loss")!, cases[0]!.training.get("loss")!)).toBeLessThan(TOLERANCE);
    }
  });
});
