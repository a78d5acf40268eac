/**
 * The operations whose plain form is slow in the WebAssembly backend, written as faster ones. Only an untransposed product of two
 * matrices reaches its optimised kernel; the batched one is some fifteen times slower per multiply-add.
 */
import * as tf from "@tensorflow/tfjs-core";
import { sizeOf } from "../../../core/model/graph/graph.ts";
import { type Kernels, type MatmulOptions, scaledProduct } from "./evaluate.ts";

/** Multiply-adds of one matrix of a batch from which on taking the batch apart pays. */
const WORTH_SLICING = 500_000;

export const wasmKernels: Kernels = { matmul, transpose };

function matmul(a: tf.Tensor, b: tf.Tensor, options: MatmulOptions): tf.Tensor {
  const { transA, transB } = options;
  return scaledProduct(a, b, options, (x, y) => {
    const left = transA ? transposeLastTwo(x) : x;
    const right = transB ? transposeLastTwo(y) : y;
    if (right.rank > 2) return batched(left, right);
    const inner = left.shape.at(-1)!;
    const product = tf.matMul(tf.reshape(left, [left.size / inner, inner]) as tf.Tensor2D, right as tf.Tensor2D);
    return tf.reshape(product, [...left.shape.slice(0, -1), right.shape[1]!]);
  });
}

function batched(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const [rows, inner] = a.shape.slice(-2) as [number, number];
  const columns = b.shape.at(-1)!;
  if (rows * inner * columns < WORTH_SLICING) return tf.matMul(a, b);
  const count = sizeOf(a.shape.slice(0, -2));
  // A slice costs a copy of all the tensor here, a gathered row only its own.
  const lefts = tf.reshape(a, [count, rows * inner]);
  const rights = tf.reshape(b, [count, inner * columns]);
  const products = Array.from({ length: count }, (_, i) =>
    tf.tidy(() => {
      const row = tf.tensor1d([i], "int32");
      const left = tf.reshape(tf.gather(lefts, row), [rows, inner]);
      const right = tf.reshape(tf.gather(rights, row), [inner, columns]);
      return tf.matMul(left, right);
    }),
  );
  return tf.reshape(tf.concat(products, 0), [...a.shape.slice(0, -1), columns]);
}

function transposeLastTwo(x: tf.Tensor): tf.Tensor {
  const permutation = x.shape.map((_, axis) => axis);
  return transpose(x, [...permutation.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/** One axis at a time is put in its place by a transposition of rank 4; higher ranks have no quick kernel of their own. */
function transpose(x: tf.Tensor, permutation: readonly number[]): tf.Tensor {
  const order = x.shape.map((_, axis) => axis);
  const sides = (axes: readonly number[]) => sizeOf(axes.map((axis) => x.shape[axis]!));
  let value = x;
  permutation.forEach((axis, place) => {
    const from = order.indexOf(axis);
    if (from === place) return;
    const parts = [order.slice(0, place), order.slice(place, from), [axis], order.slice(from + 1)];
    value = tf.transpose(tf.reshape(value, parts.map(sides)), [0, 2, 1, 3]);
    order.splice(place, 0, ...order.splice(from, 1));
  });
  return tf.reshape(
    value,
    permutation.map((axis) => x.shape[axis]!),
  );
}
