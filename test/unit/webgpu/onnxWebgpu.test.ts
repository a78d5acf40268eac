import { afterAll, expect, it } from "vitest";
import { sizeOf } from "../../../src/core/model/graph/graph.ts";
import { adamWGraph } from "../../../src/core/training/adamW.ts";
import { copyGraph, packGraph, squaresGraph, unpackGraph } from "../../../src/core/training/packedGraphs.ts";
import { emitOnnx } from "../../../src/trainer/engine/onnx/emit.ts";
import { createSession } from "../../../src/trainer/engine/onnx/session.ts";
import { executedNodes } from "../engine/executedNodes.ts";
import { testBackend } from "../engine/testBackends.ts";
import { TINY_CASES, tinyModel } from "../engine/tinyModels.ts";
import { describeGpuBackend } from "./describeGpuBackend.ts";

const candidate = await testBackend("onnx-webgpu");
// Compiled programs are forgotten with the last session: one is kept.
const kept = candidate.backend && (await createSession(emitOnnx(copyGraph(1)), { provider: "webgpu", threads: 1 }));
afterAll(() => kept?.release());
describeGpuBackend(candidate);

it.skipIf(!candidate.backend)("runs every node of a step on the card", async () => {
  const { training, prediction, inputs, specs } = tinyModel(TINY_CASES.at(-1)!);
  const sizes = specs.map(({ shape }) => sizeOf(shape));
  const length = sizes.reduce((total, size) => total + size, 0);
  const packed = [packGraph(sizes, true), unpackGraph(sizes), squaresGraph(length), adamWGraph(length)];
  for (const graph of [training, prediction, ...packed]) {
    const model = emitOnnx(graph, "webgpu");
    const nodes = await executedNodes(model, inputs, "webgpu");
    expect(nodes.length).toBeGreaterThan(1);
    expect(nodes.filter(({ provider }) => provider !== "WebGpuExecutionProvider")).toEqual([]);
  }
});
