/** The array operations a model is written in, each with its gradient. */
import type { GraphBuilder } from "./builder.ts";
import { sizeOf, type Tensor } from "./graph.ts";

type Shape = readonly number[];

/** Shape of a broadcast pair, as NumPy does it. */
function broadcast(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new RangeError(`[${a.join(", ")}] and [${b.join(", ")}] do not broadcast`);
    return Math.max(x, y);
  });
}

/** Sums a gradient over the axes along which its operand was broadcast. */
function sumTo(g: GraphBuilder, gradient: Tensor, shape: Shape): Tensor {
  const lead = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((side, i) => (i < lead || (shape[i - lead] === 1 && side !== 1) ? [i] : []));
  if (axes.length === 0) return gradient;
  return reshape(g, sum(g, gradient, axes, true), shape);
}

/** a + b, broadcasting. */
export function add(g: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return g.record(
    [a, b],
    () => g.node({ kind: "add" }, [a, b], [broadcast(a.shape, b.shape)]),
    () =>
      ([dy]) => [sumTo(g, dy!, a.shape), sumTo(g, dy!, b.shape)],
  )[0]!;
}

/** a - b, broadcasting. */
export function subtract(g: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return g.record(
    [a, b],
    () => g.node({ kind: "sub" }, [a, b], [broadcast(a.shape, b.shape)]),
    () =>
      ([dy]) => [sumTo(g, dy!, a.shape), scale(g, sumTo(g, dy!, b.shape), -1)],
  )[0]!;
}

/** a * b elementwise, broadcasting. */
export function multiply(g: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return g.record(
    [a, b],
    () => g.node({ kind: "mul" }, [a, b], [broadcast(a.shape, b.shape)]),
    () =>
      ([dy]) => [sumTo(g, multiply(g, dy!, b), a.shape), sumTo(g, multiply(g, dy!, a), b.shape)],
  )[0]!;
}

/** a / b elementwise, broadcasting. It serves updates and has no gradient. */
export function divide(g: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return g.node({ kind: "div" }, [a, b], [broadcast(a.shape, b.shape)])[0]!;
}

/** Square roots. It serves updates and has no gradient. */
export function squareRoot(g: GraphBuilder, x: Tensor): Tensor {
  return g.node({ kind: "sqrt" }, [x], [x.shape])[0]!;
}

/** x * factor. */
export function scale(g: GraphBuilder, x: Tensor, factor: number): Tensor {
  return g.record(
    [x],
    () => g.node({ kind: "scale", factor }, [x], [x.shape]),
    () =>
      ([dy]) => [scale(g, dy!, factor)],
  )[0]!;
}

/** x + term. */
export function shift(g: GraphBuilder, x: Tensor, term: number): Tensor {
  return g.record(
    [x],
    () => g.node({ kind: "shift", term }, [x], [x.shape]),
    () =>
      ([dy]) => [dy!],
  )[0]!;
}

/** The same elements in another shape. */
export function reshape(g: GraphBuilder, x: Tensor, shape: Shape): Tensor {
  if (sizeOf(shape) !== sizeOf(x.shape))
    throw new RangeError(`[${x.shape.join(", ")}] is not of shape [${shape.join(", ")}]`);
  if (shape.join() === x.shape.join()) return x;
  return g.record(
    [x],
    () => g.node({ kind: "reshape" }, [x], [shape]),
    () =>
      ([dy]) => [reshape(g, dy!, x.shape)],
  )[0]!;
}

/** Axes permuted: output axis i is input axis permutation[i]. */
export function transpose(g: GraphBuilder, x: Tensor, permutation: readonly number[]): Tensor {
  const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
  return g.record(
    [x],
    () => g.node({ kind: "transpose", permutation }, [x], [permutation.map((axis) => x.shape[axis]!)]),
    () =>
      ([dy]) => [transpose(g, dy!, inverse)],
  )[0]!;
}

/** Parts of the given lengths along an axis. */
export function split(g: GraphBuilder, x: Tensor, axis: number, parts: readonly number[]): Tensor[] {
  const shapes = parts.map((part) => x.shape.map((side, i) => (i === axis ? part : side)));
  return g.record(
    [x],
    () => g.node({ kind: "split", axis, parts }, [x], shapes),
    (outputs) => (gradients) => {
      const parts = gradients.map((gradient, i) => gradient ?? scale(g, outputs[i]!, 0));
      return [concat(g, parts, axis)];
    },
  );
}

/** Joins tensors along an axis. */
export function concat(g: GraphBuilder, parts: readonly Tensor[], axis: number): Tensor {
  const lengths = parts.map((part) => part.shape[axis]!);
  const shape = parts[0]!.shape.map((side, i) => (i === axis ? lengths.reduce((a, b) => a + b) : side));
  return g.record(
    parts,
    () => g.node({ kind: "concat", axis }, parts, [shape]),
    () =>
      ([dy]) =>
        split(g, dy!, axis, lengths),
  )[0]!;
}

/** Sum over axes. It serves inside gradients and has none itself. */
export function sum(g: GraphBuilder, x: Tensor, axes: readonly number[], keepDims: boolean): Tensor {
  const shape = keepDims
    ? x.shape.map((side, i) => (axes.includes(i) ? 1 : side))
    : x.shape.filter((_, i) => !axes.includes(i));
  return g.record(
    [x],
    () => g.node({ kind: "sum", axes, keepDims }, [x], [shape]),
    () => () => {
      throw new RangeError("no gradient for a sum");
    },
  )[0]!;
}

/**
 * Squared error of each image: weight[b] * mean((output - target)²), eq. DSM and MDSM (method section 3).
 * @param output target [batch, elements]
 * @param weight [batch, 1]
 * @returns [batch, 1]
 */
export function weightedSquaredError(g: GraphBuilder, output: Tensor, target: Tensor, weight: Tensor): Tensor {
  const factor = 1 / output.shape[1]!;
  let difference: Tensor;
  return g.record(
    [output],
    () => {
      difference = subtract(g, output, target);
      const squares = sum(g, multiply(g, difference, difference), [1], true);
      return [multiply(g, scale(g, squares, factor), weight)] as const;
    },
    () =>
      ([dy]) => [multiply(g, difference, multiply(g, scale(g, weight, 2 * factor), dy!))],
  )[0];
}

export interface LinearScale {
  /** factor on the product, 1 when left out */
  readonly product?: number;
  /** factor on the bias, 1 when left out */
  readonly bias?: number;
}

/**
 * scale.product * x · weightᵀ + scale.bias * bias.
 * @param x [rows, in]
 * @param weight [out, in]
 * @param bias [out] or null
 * @returns [rows, out]
 */
export function linear(
  g: GraphBuilder,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  factors: LinearScale = {},
): Tensor {
  const { product: alpha = 1, bias: beta = 1 } = factors;
  const inputs = bias ? [x, weight, bias] : [x, weight];
  return g.record(
    inputs,
    () => g.node({ kind: "linear", alpha, beta }, inputs, [[x.shape[0]!, weight.shape[0]!]]),
    () =>
      ([dy]) => {
        const dx = matmul(g, dy!, weight, { alpha });
        const dWeight = matmul(g, dy!, x, { transA: true, alpha });
        if (!bias) return [dx, dWeight];
        const dBias = sum(g, dy!, [0], false);
        return [dx, dWeight, beta === 1 ? dBias : scale(g, dBias, beta)];
      },
  )[0]!;
}

interface MatmulOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

/**
 * alpha * op(a) · op(b) over the last two axes; leading axes are alike, or b has none. Gradients exist for factors of the same
 * rank, untransposed or in the transB form.
 */
export function matmul(g: GraphBuilder, a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transA = false, transB = false, alpha = 1 } = options;
  const rank = a.shape.length;
  const rows = a.shape[transA ? rank - 1 : rank - 2]!;
  const columns = b.shape[transB ? b.shape.length - 2 : b.shape.length - 1]!;
  return g.record(
    [a, b],
    () => g.node({ kind: "matmul", transA, transB, alpha }, [a, b], [[...a.shape.slice(0, -2), rows, columns]]),
    () =>
      ([dy]) => {
        if (transA) throw new RangeError("no gradient for a product whose left factor is transposed");
        if (b.shape.length !== rank) throw new RangeError("no gradient for a product of factors of different rank");
        return transB
          ? [matmul(g, dy!, b, { alpha }), matmul(g, dy!, a, { transA: true, alpha })]
          : [matmul(g, dy!, b, { transB: true, alpha }), matmul(g, a, dy!, { transA: true, alpha })];
      },
  )[0]!;
}

/**
 * Rows of a table.
 * @param table [n, d]
 * @param index [m] int32
 * @returns [m, d]
 */
export function gatherRows(g: GraphBuilder, table: Tensor, index: Tensor): Tensor {
  const [rows, width] = [table.shape[0]!, table.shape[1]!];
  return g.record(
    [table, index],
    () => g.node({ kind: "gatherRows" }, [table, index], [[index.shape[0]!, width]]),
    () =>
      ([dy]) => [g.node({ kind: "scatterAddRows", rows }, [dy!, index], [[rows, width]])[0]!, null],
  )[0]!;
}

/** Some of n rows, none of them twice: both ways there are looked up, where gatherRows has to add gradients up. */
export interface RowChoice {
  /** the chosen rows, [m] int32 */
  readonly kept: Tensor;
  /** of each row its place among them, anything where it has none, [n] int32 */
  readonly places: Tensor;
  /** 1 where it has one, else 0, [n, 1] */
  readonly isKept: Tensor;
}

/** The chosen rows of x [n, d]: [m, d]. */
export function pickRows(g: GraphBuilder, x: Tensor, rows: RowChoice): Tensor {
  return g.record(
    [x],
    () => [gatherRows(g, x, rows.kept)],
    () =>
      ([dy]) => [spreadRows(g, dy!, rows)],
  )[0]!;
}

/** Rows x [m, d] in the places that they were chosen from, and zeros elsewhere: [n, d]. */
export function spreadRows(g: GraphBuilder, x: Tensor, rows: RowChoice): Tensor {
  return g.record(
    [x],
    () => [multiply(g, gatherRows(g, x, rows.places), rows.isKept)],
    () =>
      ([dy]) => [pickRows(g, dy!, rows)],
  )[0]!;
}
