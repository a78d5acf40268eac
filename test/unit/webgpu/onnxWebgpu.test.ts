import { afterAll, expect, it } from "vitest";
import { segmentLayout } from "../../../src/trainer/engine/device/segments.ts";
import {
  copyModel,
  packModel,
  squaresModel,
  unpackModel,
  updateModel,
} from "../../../src/trainer/engine/onnx/deviceGraphs.ts";
import { emitOnnx } from "../../../src/trainer/engine/onnx/emit.ts";
import { createSession } from "../../../src/trainer/engine/onnx/session.ts";
import { executedNodes } from "../engine/executedNodes.ts";
import { testBackend } from "../engine/testBackends.ts";
import { TINY_CASES, tinyModel } from "../engine/tinyModels.ts";
import { describeGpuBackend } from "./describeGpuBackend.ts";

const candidate = await testBackend("onnx-webgpu");
// Compiled programs are forgotten with the last session: one is kept.
const kept = candidate.backend && (await createSession(copyModel(1), { provider: "webgpu", threads: 1 }));
afterAll(() => kept?.release());
describeGpuBackend(candidate);

it.skipIf(!candidate.backend)("runs every node of a step on the card", async () => {
  const { training, prediction, inputs, specs } = tinyModel(TINY_CASES.at(-1)!);
  const layout = segmentLayout(specs);
  const models = [
    ...[training, prediction].map((graph) => emitOnnx(graph, { fusedMatMul: false, inPlace: false })),
    ...[packModel(layout, true), unpackModel(layout), squaresModel(layout.length), updateModel(layout)],
  ];
  for (const model of models) {
    const nodes = await executedNodes(model, inputs, "webgpu");
    expect(nodes.length).toBeGreaterThan(1);
    expect(nodes.filter(({ provider }) => provider !== "WebGpuExecutionProvider")).toEqual([]);
  }
});
