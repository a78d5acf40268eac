/** What computes a graph. */
import type { Graph } from "./graph/graph.ts";

export type BackendName = "onnx" | "onnx-webgpu" | "tfjs-node" | "tfjs-wasm";

export type Feed = Float32Array | Int32Array;

export interface Backend {
  readonly name: BackendName;
  /** version of the library behind it, as `onnxruntime-node 1.30.0` */
  readonly version: string;
  readonly threads: number;
  compile(graph: Graph): Promise<Executable>;
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
