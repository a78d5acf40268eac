/** When the values of a graph are last used, so that an eager walk can free each one in time. */
import type { Graph } from "../../../core/model/graph/graph.ts";
import { lastReads } from "../../../core/model/graph/lifetimes.ts";

/**
 * @returns for every node the ids of the tensors that nothing after it reads, its own unused outputs among them. A graph output
 * counts as read when it is made: the walk copies it out at once.
 */
export function lastUses(graph: Graph): number[][] {
  const dying: number[][] = graph.nodes.map(() => []);
  for (const [id, at] of lastReads(graph)) dying[at]!.push(id);
  return dying;
}
