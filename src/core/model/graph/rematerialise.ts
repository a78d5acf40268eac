/** Trades a little arithmetic for a lot of memory: results that are cheap to compute are computed again for the backward pass. */
import { forwardNodes, freeId, type Graph, type GraphNode, type Operation, type Tensor } from "./graph.ts";
import { lastReads } from "./lifetimes.ts";

/** One pass over what they read, at most. */
const CHEAP: ReadonlySet<Operation["kind"]> = new Set([
  "erfGate",
  "siluGate",
  "layerNorm",
  "rmsNorm",
  "queryKeyNorm",
  "mul",
  "transpose",
  "reshape",
]);

/**
 * The graph in which results of the forward pass that the backward pass reads, too, are computed a second time right before
 * that, wherever what they come from is kept so long anyway: normalised values, what enters the MLP's second layer, attended
 * values in the order of tokens. They are a quarter to a third of the activations.
 * @param graph of a training step
 */
export function rematerialised(graph: Graph): Graph {
  const nodes = forwardNodes(graph);
  const turn = nodes.length;
  const firstOutputs = new Map(nodes.map((node) => [node.outputs[0]!.id, node]));
  const reads = lastReads(graph);
  // The graph's inputs are never gone.
  for (const { tensor } of graph.inputs) reads.set(tensor.id, Number.POSITIVE_INFINITY);

  /** The node to repeat for a tensor that is needed up to a place in the graph's order; null where something would be kept for it. */
  const repeatable = (id: number, upTo: number): GraphNode | null => {
    const node = firstOutputs.get(id);
    if (!node || !CHEAP.has(node.operation.kind)) return null;
    return node.inputs.every((input) => reads.get(input.id)! > upTo || repeatable(input.id, upTo)) ? node : null;
  };

  let nextId = freeId(graph);
  const seconds = new Map<number, Tensor>();
  const repeat = (tensor: Tensor, upTo: number): Tensor => {
    const known = seconds.get(tensor.id);
    if (known) return known;
    const node = repeatable(tensor.id, upTo);
    if (!node) return tensor;
    const inputs = node.inputs.map((input) => (reads.get(input.id)! > upTo ? input : repeat(input, upTo)));
    const outputs = node.outputs.map((output) => ({ ...output, id: nextId++ }));
    nodes.push({ ...node, inputs, outputs });
    seconds.set(tensor.id, outputs[0]!);
    return outputs[0]!;
  };
  for (const node of graph.nodes.slice(turn)) {
    const inputs = node.inputs.map((input) => repeat(input, reads.get(input.id)!));
    nodes.push({ ...node, inputs });
  }
  return { ...graph, nodes };
}
