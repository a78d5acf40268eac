/** How long the values of a graph are needed. */
import { type Graph, sizeOf } from "./graph.ts";

/** The place in the graph's order at which each tensor is read for the last time, by its id; where it is made if nothing reads it. */
export function lastReads({ nodes }: Graph): Map<number, number> {
  const places = new Map<number, number>();
  nodes.forEach(({ inputs, outputs }, at) => {
    for (const { id } of [...inputs, ...outputs]) places.set(id, at);
  });
  return places;
}

/**
 * The most that a graph keeps at once, in elements: what its nodes make and later ones still read. Inputs and additive outputs,
 * parameters and their gradients, are not counted: they have memory of their own. A change of shape takes none.
 */
export function peakElements(graph: Graph): number {
  /** the tensor whose memory another one is a view of */
  const roots = new Map<number, number>();
  const rootOf = (id: number): number => roots.get(id) ?? id;
  for (const { operation, inputs, outputs } of graph.nodes) {
    if (operation.kind === "reshape") roots.set(outputs[0]!.id, rootOf(inputs[0]!.id));
  }
  const lastRead = new Map<number, number>();
  for (const [id, at] of lastReads(graph)) lastRead.set(rootOf(id), Math.max(at, lastRead.get(rootOf(id)) ?? 0));
  const elsewhere = new Set(graph.inputs.map(({ tensor }) => tensor.id));
  for (const { tensor, additive } of graph.outputs) if (additive) elsewhere.add(rootOf(tensor.id));

  const freed: number[] = new Array(graph.nodes.length).fill(0);
  let kept = 0;
  let peak = 0;
  graph.nodes.forEach(({ outputs }, at) => {
    for (const { id, shape } of outputs) {
      if (roots.has(id) || elsewhere.has(id)) continue;
      kept += sizeOf(shape);
      freed[lastRead.get(id)!]! += sizeOf(shape);
    }
    peak = Math.max(peak, kept);
    kept -= freed[at]!;
  });
  return peak;
}
