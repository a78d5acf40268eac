/** Trades a little arithmetic for a lot of memory: results that are cheap to compute are computed again for the backward pass. */
import { freeId, type Graph, type GraphNode, type Operation, type Tensor } from "./graph.ts";

/** One pass over what they read, at most. */
const CHEAP: ReadonlySet<Operation["kind"]> = new Set(["erfGate", "layerNorm", "mul", "transpose", "reshape"]);

/**
 * The graph in which results of the forward pass that the backward pass reads, too, are computed a second time right before
 * that, wherever what they come from is kept so long anyway: normalised values, what enters the MLP's second layer, attended
 * values in the order of tokens. They are a quarter to a third of the activations.
 * @param graph outputs that are not additive, the losses, end its forward pass
 */
export function rematerialised(graph: Graph): Graph {
  const losses = new Set(graph.outputs.flatMap(({ tensor, additive }) => (additive ? [] : [tensor.id])));
  const turn = 1 + graph.nodes.findLastIndex(({ outputs }) => outputs.some(({ id }) => losses.has(id)));
  const nodes = graph.nodes.slice(0, turn);
  const firstOutputs = new Map(nodes.map((node) => [node.outputs[0]!.id, node]));
  const lastReads = lastReadsOf(graph);

  /** The node to repeat for a tensor that is needed up to a place in the graph's order; null where something would be kept for it. */
  const repeatable = (id: number, upTo: number): GraphNode | null => {
    const node = firstOutputs.get(id);
    if (!node || !CHEAP.has(node.operation.kind)) return null;
    return node.inputs.every((input) => lastReads.get(input.id)! > upTo || repeatable(input.id, upTo)) ? node : null;
  };

  let nextId = freeId(graph);
  const seconds = new Map<number, Tensor>();
  const repeat = (tensor: Tensor, upTo: number): Tensor => {
    const known = seconds.get(tensor.id);
    if (known) return known;
    const node = repeatable(tensor.id, upTo);
    if (!node) return tensor;
    const inputs = node.inputs.map((input) => (lastReads.get(input.id)! > upTo ? input : repeat(input, upTo)));
    const outputs = node.outputs.map((output) => ({ ...output, id: nextId++ }));
    nodes.push({ ...node, inputs, outputs });
    seconds.set(tensor.id, outputs[0]!);
    return outputs[0]!;
  };
  for (const node of graph.nodes.slice(turn)) {
    const inputs = node.inputs.map((input) => repeat(input, lastReads.get(input.id)!));
    nodes.push({ ...node, inputs });
  }
  return { ...graph, nodes };
}

/** Places in the graph's order, by tensors' ids; its inputs are never gone. */
function lastReadsOf({ inputs, nodes }: Graph): Map<number, number> {
  const places = new Map<number, number>();
  nodes.forEach((node, at) => {
    for (const { id } of node.inputs) places.set(id, at);
  });
  for (const { tensor } of inputs) places.set(tensor.id, Number.POSITIVE_INFINITY);
  return places;
}
