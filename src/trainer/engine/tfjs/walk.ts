/** Walks a graph with TensorFlow.js: evaluates the nodes in order and frees every value after its last use. */
import * as tf from "@tensorflow/tfjs-core";
import type { Graph } from "../../../core/model/graph/graph.ts";
import { evaluate, type Kernels } from "./evaluate.ts";
import { lastUses } from "./liveness.ts";

export class GraphWalk {
  private readonly dying: number[][];
  private readonly outputNames = new Map<number, string[]>();

  constructor(
    readonly graph: Graph,
    private readonly kernels: Kernels,
  ) {
    this.dying = lastUses(graph);
    for (const { name, tensor } of graph.outputs) {
      this.outputNames.set(tensor.id, [...(this.outputNames.get(tensor.id) ?? []), name]);
    }
  }

  /**
   * @param input the value of an input, in its shape; the walk disposes of it
   * @param output sees every output when it is made; it is disposed of afterwards
   */
  run(input: (name: string, index: number) => tf.Tensor, output: (name: string, value: tf.Tensor) => void): void {
    const live = new Map<number, tf.Tensor>();
    const show = (id: number): void => {
      for (const name of this.outputNames.get(id) ?? []) output(name, live.get(id)!);
    };
    try {
      for (const [i, { name, tensor }] of this.graph.inputs.entries()) live.set(tensor.id, input(name, i));
      for (const { tensor } of this.graph.inputs) show(tensor.id);
      this.graph.nodes.forEach((node, i) => {
        const operands = node.inputs.map(({ id }) => live.get(id)!);
        for (const [k, value] of evaluate(node, operands, this.kernels).entries()) {
          live.set(node.outputs[k]!.id, value);
          show(node.outputs[k]!.id);
        }
        for (const id of this.dying[i]!) {
          live.get(id)?.dispose();
          live.delete(id);
        }
      });
    } finally {
      for (const value of live.values()) value.dispose();
    }
  }

  /** The tensor of an array that a graph input takes. @throws RangeError where there is none */
  tensor(index: number, data: Float32Array | Int32Array | undefined): tf.Tensor {
    const { name, tensor } = this.graph.inputs[index]!;
    if (!data) throw new RangeError(`the graph has no value for ${name}`);
    return tf.tensor(data, [...tensor.shape], tensor.dtype);
  }
}
