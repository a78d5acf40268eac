/** When the values of a graph are last used, so that an eager walk can free each one in time. */
import type { Graph } from "../../../core/model/graph/graph.ts";

/**
 * @returns for every node the ids of the tensors that nothing after it reads, its own unused outputs among them. A graph output
 * counts as read when it is made: the walk copies it out at once.
 */
export function lastUses(graph: Graph): number[][] {
  const seen = new Set<number>();
  const dying: number[][] = new Array(graph.nodes.length);
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    const last: number[] = [];
    for (const { id } of [...node.inputs, ...node.outputs]) {
      if (seen.has(id)) continue;
      seen.add(id);
      last.push(id);
    }
    dying[i] = last;
  }
  return dying;
}
