/** Runs graphs with ONNX Runtime: one session per graph, on the CPU or on a GPU through WebGPU. */
import * as ort from "onnxruntime-node";
import type { Graph } from "../../../core/model/graph/graph.ts";
import type { Backend, Executable, Feed } from "../backend.ts";
import type { ParameterStore } from "../optimizer/parameterStore.ts";
import { CardLearner } from "./cardLearner.ts";
import { emitOnnx } from "./emit.ts";
import { runInPlace } from "./inPlace.ts";
import { createSession, type SessionSettings } from "./session.ts";

export function onnxBackend(settings: SessionSettings): Backend {
  const onDevice = settings.provider === "webgpu";
  return {
    name: onDevice ? "onnx-webgpu" : "onnx",
    version: `onnxruntime-node ${ort.env.versions.node ?? ort.env.versions.common}`,
    threads: settings.threads,
    async compile(graph: Graph): Promise<Executable> {
      return new OnnxExecutable(graph, await createSession(emitOnnx(graph, settings.provider, true), settings));
    },
    ...(onDevice && {
      learner: (store: ParameterStore, segmentFloats?: number) => new CardLearner(store, segmentFloats),
    }),
  };
}

class OnnxExecutable implements Executable {
  private readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Wrapped arrays by name: wrapping costs more than looking up, and a caller uses the same arrays step after step. */
  private readonly wrapped = new Map<string, { readonly data: Feed; readonly tensor: ort.Tensor }>();

  constructor(
    graph: Graph,
    private readonly session: ort.InferenceSession,
  ) {
    this.shapes = new Map([...graph.inputs, ...graph.outputs].map(({ name, tensor }) => [name, tensor.shape]));
  }

  async run(inputs: ReadonlyMap<string, Feed>, outputs: ReadonlyMap<string, Float32Array>): Promise<void> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const name of this.session.inputNames) feeds[name] = this.wrap(name, inputs.get(name));
    const fetches: Record<string, ort.Tensor> = {};
    for (const [name, data] of outputs) fetches[name] = this.wrap(name, data);
    await runInPlace(this.session, feeds, fetches);
  }

  dispose(): Promise<void> {
    this.wrapped.clear();
    return this.session.release();
  }

  private wrap(name: string, data: Feed | undefined): ort.Tensor {
    const shape = this.shapes.get(name);
    if (!data || !shape) throw new RangeError(`the graph has no value for ${name}`);
    const known = this.wrapped.get(name);
    if (known?.data === data) return known.tensor;
    const tensor =
      data instanceof Int32Array ? new ort.Tensor("int32", data, shape) : new ort.Tensor("float32", data, shape);
    this.wrapped.set(name, { data, tensor });
    return tensor;
  }
}
