/** Where in a graph the weights that it has the gradients of may already be changed, while the rest of it still runs. */
import type { Graph, Tensor } from "../../../core/model/graph/graph.ts";
import type { Layout } from "./layout.ts";

/** What a training graph learns, by names of its inputs and outputs. */
export interface Learned {
  /** output without whose being finite no weight is changed */
  readonly loss: string;
  readonly weights: readonly { readonly parameter: string; readonly gradient: string }[];
}

/** AdamW's moments and the averaged weights, which only an update knows. */
export const MOMENTS = ["m", "v", "ema"] as const;

/** Name of the array with one of a parameter's moments. */
export const momentName = (moment: (typeof MOMENTS)[number], parameter: string): string => `${moment}:${parameter}`;

/** Places of nodes in the graph's order. */
export interface Order {
  /** where the node is after which a tensor holds its value */
  writtenAt(tensor: Tensor): number;
  /** where the last node is that reads a tensor, also as part of another or in another shape; -1 where none does */
  lastReadAt(tensor: Tensor): number;
}

export function orderOf({ nodes }: Graph, layout: Layout): Order {
  const written = new Map<number, number>();
  const read = new Map<number, number>();
  nodes.forEach(({ operation, inputs, outputs }, at) => {
    if (operation.kind === "reshape") return;
    for (const output of outputs) if (!layout.guestOf(output)) written.set(output.id, at);
    // A guest is computed together with what it is added to.
    const own = inputs.flatMap((input) => layout.guestOf(input)?.inputs ?? [input]);
    for (const input of own) read.set(layout.root(input), at);
  });
  return {
    writtenAt: (tensor) => written.get(layout.root(tensor)) ?? nodes.length - 1,
    lastReadAt: (tensor) => read.get(layout.root(tensor)) ?? -1,
  };
}
