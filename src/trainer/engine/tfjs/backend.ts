/** Runs graphs eagerly with TensorFlow.js: walks the nodes in order and frees every value after its last use. */
import { availableParallelism } from "node:os";
import * as tf from "@tensorflow/tfjs-core";
import { UserError } from "../../../core/errors.ts";
import type { Backend, Executable, Feed } from "../backend.ts";
import type { Graph } from "../graph/graph.ts";
import { evaluate, type Kernels, nativeKernels } from "./evaluate.ts";
import { lastUses } from "./liveness.ts";
import { loadTfjs, type TfjsName, withBackend } from "./load.ts";
import { wasmKernels } from "./wasmKernels.ts";

/**
 * @throws Error where the backend cannot be loaded
 */
export async function tfjsBackend(name: TfjsName): Promise<Backend> {
  const version = await loadTfjs(name);
  return {
    name,
    version,
    // tfjs-node takes every core and cannot be told otherwise; WebAssembly has one thread under Node.
    threads: name === "tfjs-node" ? availableParallelism() : 1,
    async compile(graph: Graph): Promise<Executable> {
      return new TfjsExecutable(name, graph);
    },
  };
}

class TfjsExecutable implements Executable {
  private readonly dying: number[][];
  private readonly kernels: Kernels;
  private readonly outputNames = new Map<number, string[]>();

  constructor(
    private readonly name: TfjsName,
    private readonly graph: Graph,
  ) {
    this.dying = lastUses(graph);
    this.kernels = name === "tfjs-node" ? nativeKernels : wasmKernels;
    for (const { name, tensor } of graph.outputs) {
      this.outputNames.set(tensor.id, [...(this.outputNames.get(tensor.id) ?? []), name]);
    }
  }

  run(inputs: ReadonlyMap<string, Feed>, outputs: ReadonlyMap<string, Float32Array>): Promise<void> {
    return withBackend(this.name, () => this.walk(inputs, outputs));
  }

  async dispose(): Promise<void> {
    // Nothing outlives a run.
  }

  private walk(inputs: ReadonlyMap<string, Feed>, outputs: ReadonlyMap<string, Float32Array>): void {
    const live = new Map<number, tf.Tensor>();
    try {
      this.upload(inputs, live);
      for (const { tensor } of this.graph.inputs) this.copyOut(tensor.id, live, outputs);
      this.graph.nodes.forEach((node, i) => {
        const operands = node.inputs.map((input) => live.get(input.id)!);
        for (const [k, value] of evaluate(node, operands, this.kernels).entries()) {
          const { id } = node.outputs[k]!;
          live.set(id, value);
          this.copyOut(id, live, outputs);
        }
        for (const id of this.dying[i]!) {
          live.get(id)?.dispose();
          live.delete(id);
        }
      });
    } catch (error) {
      throw this.explained(error);
    } finally {
      for (const value of live.values()) value.dispose();
    }
  }

  /** The arrays change in place between runs, so they are handed over anew each time. */
  private upload(inputs: ReadonlyMap<string, Feed>, live: Map<number, tf.Tensor>): void {
    for (const { name, tensor } of this.graph.inputs) {
      const data = inputs.get(name);
      if (!data) throw new RangeError(`the graph has no value for ${name}`);
      live.set(tensor.id, tf.tensor(data, [...tensor.shape], tensor.dtype));
    }
  }

  private copyOut(id: number, live: ReadonlyMap<number, tf.Tensor>, outputs: ReadonlyMap<string, Float32Array>): void {
    for (const name of this.outputNames.get(id) ?? []) {
      outputs.get(name)?.set(live.get(id)!.dataSync());
    }
  }

  private explained(error: unknown): unknown {
    const isMemory =
      error instanceof Error && /memory|allocat|typed array length|out of bounds|abort/i.test(error.message);
    if (this.name !== "tfjs-wasm" || !isMemory) return error;
    return new UserError(
      `The backend tfjs-wasm ran out of memory, of which it can address 4 GiB (${error.message}). ` +
        "Lower micro_batch_size, or choose engine.backend: onnx.",
      "failure",
    );
  }
}
