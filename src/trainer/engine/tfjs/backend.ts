/** Runs graphs eagerly with TensorFlow.js. */
import { UserError } from "../../../core/errors.ts";
import type { Graph } from "../../../core/model/graph/graph.ts";
import { usableCores } from "../../../node/machine.ts";
import type { Backend, Executable, Feed } from "../backend.ts";
import { nativeKernels } from "./evaluate.ts";
import { loadTfjs, type TfjsName, withBackend } from "./load.ts";
import { GraphWalk } from "./walk.ts";
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
    threads: name === "tfjs-node" ? usableCores() : 1,
    async compile(graph: Graph): Promise<Executable> {
      return new TfjsExecutable(name, graph);
    },
  };
}

class TfjsExecutable implements Executable {
  private readonly walk: GraphWalk;

  constructor(
    private readonly name: TfjsName,
    graph: Graph,
  ) {
    this.walk = new GraphWalk(graph, name === "tfjs-node" ? nativeKernels : wasmKernels);
  }

  run(inputs: ReadonlyMap<string, Feed>, outputs: ReadonlyMap<string, Float32Array>): Promise<void> {
    return withBackend(this.name, () => {
      try {
        // The arrays change in place between runs, so they are handed over anew each time.
        this.walk.run(
          (name, i) => this.walk.tensor(i, inputs.get(name)),
          (name, value) => outputs.get(name)?.set(value.dataSync()),
        );
      } catch (error) {
        throw this.explained(error);
      }
    });
  }

  async dispose(): Promise<void> {
    // Nothing outlives a run.
  }

  private explained(error: unknown): unknown {
    const isMemory =
      error instanceof Error && /memory|allocat|typed array length|out of bounds|abort/i.test(error.message);
    if (this.name !== "tfjs-wasm" || !isMemory) return error;
    return new UserError(
      `The backend tfjs-wasm ran out of memory, of which it can address 4 GiB (${error.message}). ` +
        "Lower micro_batch_size, or choose engine.backend: auto.",
      "failure",
    );
  }
}
