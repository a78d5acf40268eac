/**
 * Graphs on a graphics card through ONNX Runtime's WebGPU provider: outputs that stay on the card are inputs of later runs, of any
 * session. Its Node binding cannot download such a tensor (asking it to ends the process), so a graph that copies does.
 */
import * as ort from "onnxruntime-node";
import { type Graph, sizeOf } from "../../../core/model/graph/graph.ts";
import type { Feed } from "../feed.ts";
import { emitOnnx } from "./emit.ts";
import { createSession } from "./session.ts";

const SETTINGS = { provider: "webgpu", threads: 1 } as const;

export class CardProgram {
  private constructor(
    private readonly graph: Graph,
    private readonly session: ort.InferenceSession,
    private readonly kept: readonly string[],
  ) {}

  /** @param hostOutputs outputs that runs copy to the host; the others stay */
  static async compile(graph: Graph, hostOutputs: readonly string[] = []): Promise<CardProgram> {
    const kept = graph.outputs.map(({ name }) => name).filter((name) => !hostOutputs.includes(name));
    const session = await createSession(emitOnnx(graph, "webgpu"), SETTINGS, kept);
    return new CardProgram(graph, session, kept);
  }

  /**
   * @param inputs from the host, or arrays on the card of as many elements, which are left as they are
   * @param host receives the host outputs
   * @returns the outputs that stay, which are the caller's to dispose of
   */
  async run(
    inputs: ReadonlyMap<string, Feed | ort.Tensor>,
    host: ReadonlyMap<string, Float32Array> = new Map(),
  ): Promise<Map<string, ort.Tensor>> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const { name, tensor } of this.graph.inputs) feeds[name] = feed(name, tensor.shape, inputs.get(name));
    const results = await this.session.run(feeds);
    // Outputs that a caller hands over arrays for are not written to where others stay on the card.
    for (const [name, into] of host) into.set(results[name]!.data as Float32Array);
    return new Map(this.kept.map((name) => [name, results[name] as ort.Tensor]));
  }

  dispose(): Promise<void> {
    return this.session.release();
  }
}

function feed(name: string, shape: readonly number[], value: Feed | ort.Tensor | undefined): ort.Tensor {
  if (!value) throw new RangeError(`the graph has no value for ${name}`);
  // The same array on the card in another shape; the memory stays the argument's.
  if (!ArrayBuffer.isView(value)) {
    return ort.Tensor.fromGpuBuffer(value.gpuBuffer, { dataType: "float32", dims: [...shape] });
  }
  if (value.length !== sizeOf(shape)) {
    throw new RangeError(`the value for ${name} is not of shape [${shape.join(", ")}]`);
  }
  return value instanceof Int32Array ? new ort.Tensor("int32", value, shape) : new ort.Tensor("float32", value, shape);
}
