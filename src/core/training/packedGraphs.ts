/** What a device that keeps many learned tensors in one array, one after the other, does with that array. */
import { GraphBuilder } from "../model/graph/builder.ts";
import type { Graph } from "../model/graph/graph.ts";
import { add, concat, multiply, reshape, split, sum } from "../model/graph/operations.ts";

/** Squares are summed in two steps, rows of so many elements first. */
const ROW = 1024;

/** Name of the input or output that is the i-th tensor. */
export const part = (i: number): string => `part${i}`;

const total = (sizes: readonly number[]): number => sizes.reduce((length, size) => length + size, 0);

/** Input `all` [length]; output `copy`, the same: between host and device. */
export function copyGraph(length: number): Graph {
  const g = new GraphBuilder();
  return g.build({ copy: g.input("all", [length]) });
}

/** Inputs part<i> [size], and `sum` [length] when accumulating; output `all` [length], their concatenation and that sum. */
export function packGraph(sizes: readonly number[], accumulate: boolean): Graph {
  const g = new GraphBuilder();
  const parts = sizes.map((size, i) => g.input(part(i), [size]));
  const all = concat(g, parts, 0);
  return g.build({ all: accumulate ? add(g, all, g.input("sum", [total(sizes)])) : all });
}

/** Input `all` [length]; outputs part<i> [size]. */
export function unpackGraph(sizes: readonly number[]): Graph {
  const g = new GraphBuilder();
  const parts = split(g, g.input("all", [total(sizes)]), 0, sizes);
  return g.build(Object.fromEntries(parts.map((tensor, i) => [part(i), tensor])));
}

/** Input `all` [length]; output `squares` [1], the sum of its squares. */
export function squaresGraph(length: number): Graph {
  const g = new GraphBuilder();
  const all = g.input("all", [length]);
  const rows = Math.floor(length / ROW);
  const lengths = [rows * ROW, length % ROW].filter((size) => size > 0);
  const sums = (lengths.length > 1 ? split(g, all, 0, lengths) : [all]).map((tensor) => {
    const values = multiply(g, tensor, tensor);
    return sum(g, tensor.shape[0]! < ROW ? values : sum(g, reshape(g, values, [rows, ROW]), [1], false), [0], true);
  });
  return g.build({ squares: sums.length > 1 ? add(g, sums[0]!, sums[1]!) : sums[0]! });
}
