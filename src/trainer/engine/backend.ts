/** What computes a graph. */

import type { Graph } from "../../core/model/graph/graph.ts";
import type { Composites } from "../../core/model/graph/lower.ts";
import type { Feed } from "./feed.ts";
import type { Learner } from "./learner.ts";
import type { ParameterStore } from "./optimizer/parameterStore.ts";

export type BackendName = "native" | "onnx" | "onnx-webgpu" | "tfjs-node" | "tfjs-wasm";

export type { Feed };

export interface Backend {
  readonly name: BackendName;
  /** version of the library behind it, as `onnxruntime-node 1.30.0` */
  readonly version: string;
  readonly threads: number;
  /** operations that graphs for it may hold as a whole */
  readonly composites?: Composites;
  /**
   * Where training steps can be broken off: from now on new training programs do so, and throw StepCancelled, as soon as the
   * flag's only element is not 0.
   * @param flag in memory that another thread shares
   */
  cancelBy?(flag: Int32Array): void;
  compile(graph: Graph): Promise<Executable>;
  /**
   * Where a backend has memory of its own: keeps the learned tensors there between steps. They start as the store's, and go
   * back there when the learner is asked.
   * @param segmentFloats how many elements it puts into one array; the default unless a test wants several arrays
   */
  learner?(store: ParameterStore, segmentFloats?: number): Learner;
}

/** A graph made ready to run. */
export interface Executable {
  /**
   * Runs the graph once.
   * @param inputs every input of the graph by name, in its shape
   * @param outputs arrays that receive the outputs of those names; outputs not named are not copied out
   */
  run(inputs: ReadonlyMap<string, Feed>, outputs: ReadonlyMap<string, Float32Array>): Promise<void>;
  dispose(): Promise<void>;
}
