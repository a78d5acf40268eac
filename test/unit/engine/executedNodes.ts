/** What ONNX Runtime really executes, by its profile. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import * as z from "zod";
import type { Feed } from "../../../src/trainer/engine/backend.ts";
import { createSession, type SessionSettings } from "../../../src/trainer/engine/onnx/session.ts";

const eventSchema = z.object({
  name: z.string(),
  args: z.object({ op_name: z.string(), provider: z.string() }).partial().optional(),
});

export interface ExecutedNode {
  readonly operator: string;
  readonly provider: string;
}

/**
 * Runs a model once, with every optimisation of its graph.
 * @param inputs by name; of those left out every element is 1
 */
export async function executedNodes(
  model: Uint8Array,
  inputs: ReadonlyMap<string, Feed>,
  provider: SessionSettings["provider"],
): Promise<ExecutedNode[]> {
  const folder = mkdtempSync(join(tmpdir(), "maskdm-profile-"));
  try {
    const session = await createSession(model, { provider, threads: 1, profile: join(folder, "profile") });
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
    return nodes.map(({ args }) => ({ operator: args?.op_name ?? "", provider: args?.provider ?? "" }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
