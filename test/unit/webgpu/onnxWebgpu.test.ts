import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { afterAll, expect, it } from "vitest";
import * as z from "zod";
import type { Feed } from "../../../src/trainer/engine/backend.ts";
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
import { testBackend } from "../engine/testBackends.ts";
import { TINY_CASES, tinyModel } from "../engine/tinyModels.ts";
import { describeGpuBackend } from "./describeGpuBackend.ts";

const candidate = await testBackend("onnx-webgpu");
// Compiled programs are forgotten with the last session: one is kept.
const kept = candidate.backend && (await createSession(copyModel(1), { provider: "webgpu", threads: 1 }));
afterAll(() => kept?.release());
describeGpuBackend(candidate);

const eventSchema = z.object({ name: z.string(), args: z.record(z.string(), z.unknown()).optional() });

/** Runs a model once. @returns of every node its operator and the provider that it ran on */
async function placesOfNodes(model: Uint8Array, inputs: ReadonlyMap<string, Feed>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "maskdm-profile-"));
  try {
    const session = await createSession(model, { provider: "webgpu", threads: 1, profile: join(folder, "profile") });
    const feeds = session.inputMetadata.map(({ name, ...metadata }): [string, ort.Tensor] => {
      if (!metadata.isTensor) throw new Error(`${name} is no tensor`);
      const shape = metadata.shape.map(Number);
      const data = inputs.get(name) ?? new Float32Array(shape.reduce((size, side) => size * side, 1)).fill(1);
      return [name, data instanceof Int32Array ? new ort.Tensor("int32", data, shape) : new ort.Tensor(data, shape)];
    });
    await session.run(Object.fromEntries(feeds));
    session.endProfiling();
    await session.release();
    const events = z
      .array(eventSchema)
      .parse(readdirSync(folder).flatMap((name) => JSON.parse(readFileSync(join(folder, name), "utf8"))));
    const nodes = events.filter(({ name }) => name.endsWith("_kernel_time"));
    return nodes.map(({ args }) => `${args?.["op_name"]} on ${args?.["provider"]}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it.skipIf(!candidate.backend)("runs every node of a step on the card", async () => {
  const { training, prediction, inputs, specs } = tinyModel(TINY_CASES.at(-1)!);
  const layout = segmentLayout(specs);
  const models = [
    ...[training, prediction].map((graph) => emitOnnx(graph, { fusedMatMul: false, inPlace: false })),
    ...[packModel(layout, true), unpackModel(layout), squaresModel(layout.length), updateModel(layout)],
  ];
  for (const model of models) {
    const places = await placesOfNodes(model, inputs);
    expect(places.length).toBeGreaterThan(1);
    expect(places.filter((place) => !place.endsWith(" on WebGpuExecutionProvider"))).toEqual([]);
  }
});
