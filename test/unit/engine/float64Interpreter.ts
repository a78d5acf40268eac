/**
 * A reference interpreter of graphs: plain loops in float64, sharing nothing with the backends it judges. Slow, and meant for
 * tensors of a few thousand elements.
 */
import {
  type Graph,
  type GraphNode,
  type Operation,
  primitiveOf,
  sizeOf,
} from "../../../src/core/model/graph/graph.ts";
import { lowered, NO_COMPOSITES } from "../../../src/core/model/graph/lower.ts";

/** Row-major values; int32 inputs hold whole numbers. */
export type Values = ArrayLike<number>;
type Shape = readonly number[];

/** @returns the outputs of the graph by name; composite operations are written out first */
export function interpret(given: Graph, inputs: ReadonlyMap<string, Values>): Map<string, Float64Array> {
  const graph = lowered(given, NO_COMPOSITES);
  const values = new Map<number, Values>();
  for (const { name, tensor } of graph.inputs) {
    const value = inputs.get(name);
    if (value?.length !== sizeOf(tensor.shape)) throw new RangeError(`${name} is missing or of another size`);
    values.set(tensor.id, value);
  }
  for (const node of graph.nodes) {
    const operands = node.inputs.map((input) => values.get(input.id)!);
    for (const [i, result] of evaluate(node, operands).entries()) values.set(node.outputs[i]!.id, result);
  }
  return new Map(graph.outputs.map(({ name, tensor }) => [name, Float64Array.from(values.get(tensor.id)!)]));
}

function evaluate(node: GraphNode, operands: readonly Values[]): Float64Array[] {
  const operation = primitiveOf(node.operation);
  const [a, b, c] = operands as [Values, Values, Values];
  const shapes = node.inputs.map((input) => input.shape);
  const outShape = node.outputs[0]!.shape;
  switch (operation.kind) {
    case "add":
    case "sub":
    case "mul":
    case "div":
      return [elementwise(BINARY[operation.kind], a, shapes[0]!, b, shapes[1]!, outShape)];
    case "erf":
    case "exp":
    case "sigmoid":
    case "rsqrt":
    case "sqrt":
      return [map(a, UNARY[operation.kind])];
    case "scale":
      return [map(a, (x) => x * operation.factor)];
    case "shift":
      return [map(a, (x) => x + operation.term)];
    case "subtractFrom":
      return [map(a, (x) => operation.term - x)];
    case "reshape":
      return [Float64Array.from(a)];
    case "linear":
      return [linear(a, b, operands.length > 2 ? c : null, shapes[0]!, outShape[1]!, operation)];
    case "matmul":
      return [matmul(operation, a, shapes[0]!, b, shapes[1]!, outShape)];
    case "transpose": {
      const strides = stridesOf(shapes[0]!);
      const permuted = operation.permutation.map((axis) => strides[axis]!);
      return [map(offsets(outShape, permuted), (at) => a[at]!)];
    }
    case "split":
      return split(a, shapes[0]!, operation.axis, operation.parts);
    case "concat":
      return [concat(operands, shapes, operation.axis, outShape)];
    case "gatherRows":
      return [gather(a, b, outShape[1]!)];
    case "scatterAddRows":
      return [scatter(a, b, outShape)];
    case "sum": {
      const kept = shapes[0]!.map((side, i) => (operation.axes.includes(i) ? 1 : side));
      const out = new Float64Array(sizeOf(outShape));
      offsets(shapes[0]!, broadcastStrides(kept, shapes[0]!)).forEach((to, from) => {
        out[to] = out[to]! + a[from]!;
      });
      return [out];
    }
    case "layerNorm":
      return layerNorm(a, b, c, shapes[0]!.at(-1)!, operation.epsilon);
    case "softmax":
      return [softmax(a, outShape.at(-1)!)];
  }
}

const BINARY = {
  add: (x: number, y: number) => x + y,
  sub: (x: number, y: number) => x - y,
  mul: (x: number, y: number) => x * y,
  div: (x: number, y: number) => x / y,
};

const UNARY = {
  erf,
  exp: Math.exp,
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  rsqrt: (x: number) => 1 / Math.sqrt(x),
  sqrt: Math.sqrt,
};

/**
 * Error function by Kummer's series, erf(x) = 2/sqrt(pi) exp(-x²) sum 2^n x^(2n+1) / (2n+1)!!, whose terms all have one sign
 * (Abramowitz and Stegun 7.1.6).
 */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(total); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

function stridesOf(shape: Shape): number[] {
  return shape.map((_, i) => sizeOf(shape.slice(i + 1)));
}

/** Strides that read `from` as if it were broadcast to `to`. */
function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = stridesOf(from);
  const lead = to.length - from.length;
  return to.map((_, i) => (i < lead || from[i - lead] === 1 ? 0 : strides[i - lead]!));
}

/** The same walks come back at every evaluation of a graph. */
const knownOffsets = new Map<string, Int32Array>();

/** Where each element of a row-major walk over `shape` lies in an array of the given strides. */
function offsets(shape: Shape, strides: readonly number[]): Int32Array {
  const key = `${shape.join()} ${strides.join()}`;
  const known = knownOffsets.get(key);
  if (known) return known;
  let all: Int32Array = Int32Array.of(0);
  for (const [axis, side] of shape.entries()) {
    const longer = new Int32Array(all.length * side);
    for (let i = 0; i < all.length; i++) {
      for (let k = 0; k < side; k++) longer[i * side + k] = all[i]! + k * strides[axis]!;
    }
    all = longer;
  }
  knownOffsets.set(key, all);
  return all;
}

function elementwise(
  apply: (x: number, y: number) => number,
  a: Values,
  aShape: Shape,
  b: Values,
  bShape: Shape,
  shape: Shape,
): Float64Array {
  const atA = offsets(shape, broadcastStrides(aShape, shape));
  const atB = offsets(shape, broadcastStrides(bShape, shape));
  return filled(atA.length, (i) => apply(a[atA[i]!]!, b[atB[i]!]!));
}

function linear(
  x: Values,
  weight: Values,
  bias: Values | null,
  [rows, inner]: Shape,
  width: number,
  { alpha, beta }: Extract<Operation, { kind: "linear" }>,
): Float64Array {
  const out = new Float64Array(rows! * width);
  for (let r = 0; r < rows!; r++) {
    for (let o = 0; o < width; o++) {
      let total = 0;
      for (let i = 0; i < inner!; i++) total += x[r * inner! + i]! * weight[o * inner! + i]!;
      out[r * width + o] = alpha * total + (bias ? beta * bias[o]! : 0);
    }
  }
  return out;
}

function matmul(
  { transA, transB, alpha }: Extract<Operation, { kind: "matmul" }>,
  a: Values,
  aShape: Shape,
  b: Values,
  bShape: Shape,
  shape: Shape,
): Float64Array {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const inner = aShape.at(transA ? -2 : -1)!;
  const [aRow, aInner] = transA ? [1, rows] : [inner, 1];
  const [bInner, bColumn] = transB ? [1, inner] : [columns, 1];
  const out = new Float64Array(sizeOf(shape));
  const batches = sizeOf(shape.slice(0, -2));
  for (let batch = 0; batch < batches; batch++) {
    const aStart = batch * rows * inner;
    const bStart = bShape.length === 2 ? 0 : batch * inner * columns;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        let total = 0;
        for (let i = 0; i < inner; i++) {
          total += a[aStart + r * aRow + i * aInner]! * b[bStart + i * bInner + c * bColumn]!;
        }
        out[(batch * rows + r) * columns + c] = alpha * total;
      }
    }
  }
  return out;
}

/** Float64Array.from, without the iterator that makes it slow. */
function filled(length: number, valueAt: (i: number) => number): Float64Array {
  const out = new Float64Array(length);
  for (let i = 0; i < length; i++) out[i] = valueAt(i);
  return out;
}

function map(values: Values, apply: (value: number) => number): Float64Array {
  return filled(values.length, (i) => apply(values[i]!));
}

/** Elements before, and elements from, an axis on. */
function around(shape: Shape, axis: number): [outer: number, inner: number] {
  return [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
}

function split(x: Values, shape: Shape, axis: number, parts: readonly number[]): Float64Array[] {
  const [outer, inner] = around(shape, axis);
  const row = shape[axis]! * inner;
  let start = 0;
  return parts.map((part) => {
    const length = part * inner;
    const from = start;
    start += length;
    return filled(outer * length, (i) => x[Math.floor(i / length) * row + from + (i % length)]!);
  });
}

function concat(parts: readonly Values[], shapes: readonly Shape[], axis: number, shape: Shape): Float64Array {
  const [outer, inner] = around(shape, axis);
  const out: number[] = [];
  for (let o = 0; o < outer; o++) {
    parts.forEach((part, k) => {
      const length = shapes[k]![axis]! * inner;
      for (let i = 0; i < length; i++) out.push(part[o * length + i]!);
    });
  }
  return Float64Array.from(out);
}

function gather(table: Values, index: Values, width: number): Float64Array {
  return filled(index.length * width, (i) => table[index[Math.floor(i / width)]! * width + (i % width)]!);
}

function scatter(source: Values, index: Values, shape: Shape): Float64Array {
  const width = shape[1]!;
  const out = new Float64Array(sizeOf(shape));
  for (let i = 0; i < source.length; i++) {
    const at = index[Math.floor(i / width)]! * width + (i % width);
    out[at] = out[at]! + source[i]!;
  }
  return out;
}

function layerNorm(x: Values, gain: Values, bias: Values, width: number, epsilon: number): Float64Array[] {
  const rows = x.length / width;
  const y = new Float64Array(x.length);
  const means = new Float64Array(rows);
  const inverses = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    const row = filled(width, (i) => x[r * width + i]!);
    const mean = row.reduce((total, value) => total + value, 0) / width;
    const variance = row.reduce((total, value) => total + (value - mean) ** 2, 0) / width;
    const inverse = 1 / Math.sqrt(variance + epsilon);
    row.forEach((value, i) => {
      y[r * width + i] = (value - mean) * inverse * gain[i]! + bias[i]!;
    });
    means[r] = mean;
    inverses[r] = inverse;
  }
  return [y, means, inverses];
}

function softmax(x: Values, width: number): Float64Array {
  const out = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += width) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < width; i++) largest = Math.max(largest, x[start + i]!);
    let total = 0;
    for (let i = 0; i < width; i++) {
      const value = Math.exp(x[start + i]! - largest);
      out[start + i] = value;
      total += value;
    }
    for (let i = 0; i < width; i++) out[start + i] = out[start + i]! / total;
  }
  return out;
}
