/** Trades a little arithmetic for a lot of memory: results that are cheap to compute are computed again for the backward pass. */
import { freeId, type Graph, type GraphNode, type Tensor } from "../graph/graph.ts";

/** One pass over their input, which the backward pass keeps anyway. */
const CHEAP: ReadonlySet<string> = new Set(["erfGate", "layerNorm"]);

/**
 * The graph in which every use but the first of such a result has a copy of its own, computed right before. The first use is the
 * forward pass's; what the later ones, the gradients of weights, would keep alive through both passes are a third of the
 * activations.
 */
export function rematerialised(graph: Graph): Graph {
  let nextId = freeId(graph);
  const producers = new Map<number, GraphNode>();
  for (const node of graph.nodes) if (CHEAP.has(node.operation.kind)) producers.set(node.outputs[0]!.id, node);
  const used = new Set<number>();
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => {
      const producer = producers.get(input.id);
      if (!producer) return input;
      if (!used.has(input.id)) {
        used.add(input.id);
        return input;
      }
      const outputs: Tensor[] = producer.outputs.map((output) => ({ ...output, id: nextId++ }));
      nodes.push({ ...producer, outputs });
      return outputs[0]!;
    });
    nodes.push({ ...node, inputs });
  }
  return { ...graph, nodes };
}
