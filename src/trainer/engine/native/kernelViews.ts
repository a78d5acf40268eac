/** How the kernels see a tensor: as rows, with as many axes as they have, or repeated in another. */
import { sizeOf, type Tensor } from "../../../core/model/graph/graph.ts";

/** In the order of the enum in kernels/kernels.h. */
export const BROADCAST = ["same", "repeatedRow", "repeatedEach"] as const;
/** Axes that the operations with steps of their own know. */
const AXES = 5;

/** Rows and width of a tensor seen as a matrix. */
export function rowsOf(tensor: Tensor): [number, number] {
  const width = tensor.shape.at(-1)!;
  return [sizeOf(tensor.shape) / width, width];
}

/** What is normalised: how many rows and how wide, how many of them lie side by side, how far apart those are, where the first begins. */
export type NormRows = readonly [rows: number, width: number, side: number, step: number, offset: number];

export function wholeRows(tensor: Tensor): NormRows {
  const [rows, width] = rowsOf(tensor);
  return [rows, width, 1, width, 0];
}

/** @param part 0: queries, 1: keys of qkv [rows, 3 D] */
export function headRows({ shape: [rows, columns] }: Tensor, heads: number, part: 0 | 1): NormRows {
  const D = columns! / 3;
  return [rows! * heads, D / heads, heads, columns!, part * D];
}

/** A shape or steps with as many axes as the operations have, new ones in front. */
export function leading(values: readonly number[], value: number): number[] {
  if (values.length > AXES) throw new RangeError(`${values.length} axes are more than ${AXES}`);
  return [...new Array<number>(AXES - values.length).fill(value), ...values];
}

export const areLeading = (axes: readonly number[]): boolean => axes.every((axis, i) => axis === i);

export const areTrailing = (axes: readonly number[], rank: number): boolean =>
  axes.every((axis, i) => axis === rank - axes.length + i);

/** How a smaller operand repeats in one of the result's shape, and how often; null where it is neither kind of repetition. */
export function broadcastOf(
  large: readonly number[],
  small: readonly number[],
  out: readonly number[],
): [(typeof BROADCAST)[number], number] | null {
  const count = sizeOf(out);
  const size = sizeOf(small);
  if (sizeOf(large) !== count) return null;
  if (size === count) return ["same", 1];
  if (size === 1) return ["repeatedEach", count];
  const sides = [...new Array<number>(out.length - small.length).fill(1), ...small];
  const first = sides.findIndex((side) => side !== 1);
  const last = sides.findLastIndex((side) => side !== 1);
  if (sides.slice(first).every((side, i) => side === out[first + i])) return ["repeatedRow", size];
  if (sides.slice(0, last + 1).every((side, i) => side === out[i])) return ["repeatedEach", count / size];
  return null;
}
