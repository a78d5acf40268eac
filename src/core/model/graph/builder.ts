/** Builds a graph and keeps the tape that reverse-mode differentiation walks back. */
import {
  type DType,
  freeId,
  type Graph,
  type GraphInput,
  type GraphNode,
  type Operation,
  sizeOf,
  type Tensor,
} from "./graph.ts";

/** Maps the gradients of an operation's outputs to those of its inputs; null where an input has none. */
export type PullBack = (outputGradients: readonly (Tensor | null)[]) => readonly (Tensor | null)[];

interface TapeEntry {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly pullBack: PullBack;
}

export class GraphBuilder {
  private readonly inputs: GraphInput[] = [];
  private readonly nodes: GraphNode[] = [];
  private readonly tape: TapeEntry[] = [];
  private nextId = 0;
  /** inside a pull-back or an operation that consists of others nothing is recorded */
  private recording = true;

  /** A builder whose tensors have ids that the graph does not use, for nodes of that graph and further ones. It records nothing. */
  static after(graph: Graph): GraphBuilder {
    const builder = new GraphBuilder();
    builder.nextId = freeId(graph);
    builder.recording = false;
    return builder;
  }

  input(name: string, shape: readonly number[], dtype: DType = "float32"): Tensor {
    const tensor = this.tensor(shape, dtype);
    this.inputs.push({ name, tensor });
    return tensor;
  }

  /**
   * The graph of what was built so far.
   * @param outputs by name
   * @param sums further ones that are summed over the parts of a batch
   */
  build(outputs: Readonly<Record<string, Tensor>>, sums: Readonly<Record<string, Tensor>> = {}): Graph {
    const named = (tensors: Readonly<Record<string, Tensor>>, additive: boolean) =>
      Object.entries(tensors).map(([name, tensor]) => ({ name, tensor, additive }));
    return { inputs: this.inputs, nodes: this.nodes, outputs: [...named(outputs, false), ...named(sums, true)] };
  }

  /** Adds a node without recording it; the operations of operations.ts do the recording. */
  node(operation: Operation, inputs: readonly Tensor[], shapes: readonly (readonly number[])[]): Tensor[] {
    const outputs = shapes.map((shape) => this.tensor(shape, "float32"));
    this.nodes.push({ operation, inputs, outputs });
    return outputs;
  }

  /** Takes over a node of another graph. */
  append(node: GraphNode): void {
    this.nodes.push(node);
  }

  /** Runs `forward` unrecorded and puts one tape entry in its place. */
  record<T extends readonly Tensor[]>(
    inputs: readonly Tensor[],
    forward: () => T,
    pullBack: (outputs: T) => PullBack,
  ): T {
    if (!this.recording) return forward();
    this.recording = false;
    const outputs = forward();
    this.recording = true;
    this.tape.push({ inputs, outputs, pullBack: pullBack(outputs) });
    return outputs;
  }

  /**
   * Gradients of a scalar-like value by reverse-mode differentiation over everything recorded so far.
   * @param seed gradient of the value itself, of the same shape
   * @returns one gradient per parameter; null where the value does not depend on it
   */
  gradients(value: Tensor, seed: Tensor, parameters: readonly Tensor[]): (Tensor | null)[] {
    const gradients = new Map<number, Tensor>([[value.id, seed]]);
    const needed = this.dependents(parameters);
    this.recording = false;
    for (let i = this.tape.length - 1; i >= 0; i--) {
      const entry = this.tape[i]!;
      if (!entry.outputs.some((output) => needed.has(output.id) && gradients.has(output.id))) continue;
      const inputGradients = entry.pullBack(entry.outputs.map((output) => gradients.get(output.id) ?? null));
      entry.inputs.forEach((input, k) => {
        const gradient = inputGradients[k];
        if (!gradient || !needed.has(input.id)) return;
        const sum = gradients.get(input.id);
        gradients.set(input.id, sum ? this.node({ kind: "add" }, [sum, gradient], [input.shape])[0]! : gradient);
      });
    }
    this.recording = true;
    return parameters.map((parameter) => gradients.get(parameter.id) ?? null);
  }

  /** Ids of everything on the tape that depends on a parameter, the parameters included. */
  private dependents(parameters: readonly Tensor[]): Set<number> {
    const ids = new Set(parameters.map((parameter) => parameter.id));
    for (const entry of this.tape) {
      if (entry.inputs.some((input) => ids.has(input.id))) for (const output of entry.outputs) ids.add(output.id);
    }
    return ids;
  }

  private tensor(shape: readonly number[], dtype: DType): Tensor {
    if (shape.some((side) => !Number.isInteger(side) || side < 1)) {
      throw new RangeError(`a tensor of shape [${shape.join(", ")}] (${sizeOf(shape)} elements) cannot be built`);
    }
    return { id: this.nextId++, shape, dtype };
  }
}
