/** Evaluates one node of a graph with TensorFlow.js. */
import * as tf from "@tensorflow/tfjs-core";
import { type GraphNode, type Operation, primitiveOf, sizeOf } from "../../../core/model/graph/graph.ts";

/** Operations that a tfjs backend may want done its own way. */
export interface Kernels {
  /** alpha * op(a) · op(b) over the last two axes, leading axes alike or b of rank 2 */
  matmul(a: tf.Tensor, b: tf.Tensor, options: MatmulOptions): tf.Tensor;
  transpose(x: tf.Tensor, permutation: readonly number[]): tf.Tensor;
}

export type MatmulOptions = Omit<Extract<Operation, { readonly kind: "matmul" }>, "kind">;

/** The node's outputs; every intermediate tensor is disposed of. */
export function evaluate(node: GraphNode, inputs: readonly tf.Tensor[], kernels: Kernels): tf.Tensor[] {
  return tf.tidy(() => outputsOf(node, inputs, kernels));
}

function outputsOf(node: GraphNode, inputs: readonly tf.Tensor[], kernels: Kernels): tf.Tensor[] {
  const { outputs } = node;
  const operation = primitiveOf(node.operation);
  const [a, b, c] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor];
  switch (operation.kind) {
    case "linear": {
      const { alpha, beta } = operation;
      const product = kernels.matmul(a, b, { transA: false, transB: true, alpha });
      return [inputs.length > 2 ? tf.add(product, scaled(c, beta)) : product];
    }
    case "matmul":
      return [kernels.matmul(a, b, operation)];
    case "add":
      return [tf.add(a, b)];
    case "sub":
      return [tf.sub(a, b)];
    case "mul":
      return [tf.mul(a, b)];
    case "div":
      return [tf.div(a, b)];
    case "sqrt":
      return [tf.sqrt(a)];
    case "erf":
      return [tf.erf(a)];
    case "exp":
      return [tf.exp(a)];
    case "sigmoid":
      return [tf.sigmoid(a)];
    case "rsqrt":
      return [tf.rsqrt(a)];
    case "scale":
      return [tf.mul(a, operation.factor)];
    case "shift":
      return [tf.add(a, operation.term)];
    case "subtractFrom":
      return [tf.sub(operation.term, a)];
    case "reshape":
      return [tf.reshape(a, [...outputs[0]!.shape])];
    case "transpose":
      return [kernels.transpose(a, operation.permutation)];
    case "split":
      return tf.split(a, [...operation.parts], operation.axis);
    case "concat":
      return [tf.concat([...inputs], operation.axis)];
    case "gatherRows":
      return [tf.gather(a, b as tf.Tensor1D)];
    case "scatterAddRows":
      return [tf.scatterND(tf.reshape(b, [b.size, 1]), a, [...outputs[0]!.shape])];
    case "sum":
      return [tf.sum(a, [...operation.axes], operation.keepDims)];
    case "layerNorm": {
      const mean = tf.mean(a, -1, true);
      const centred = tf.sub(a, mean);
      const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), operation.epsilon));
      return [tf.add(tf.mul(tf.mul(centred, inverse), b), c), mean, inverse];
    }
    case "softmax":
      return [tf.softmax(a)];
  }
}

/** alpha * x without a pass where alpha is 1. */
function scaled(x: tf.Tensor, alpha: number): tf.Tensor {
  return alpha === 1 ? x : tf.mul(x, alpha);
}

/** A product by `multiply`, with alpha put on whichever of the factors and the product is smallest. */
export function scaledProduct(
  a: tf.Tensor,
  b: tf.Tensor,
  { alpha, transA, transB }: MatmulOptions,
  multiply: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const rows = a.shape.at(transA ? -1 : -2)!;
  const columns = b.shape.at(transB ? -2 : -1)!;
  const product = sizeOf(a.shape.slice(0, -2)) * rows * columns;
  if (alpha === 1) return multiply(a, b);
  if (product <= Math.min(a.size, b.size)) return tf.mul(multiply(a, b), alpha);
  return a.size < b.size ? multiply(tf.mul(a, alpha), b) : multiply(a, tf.mul(b, alpha));
}

/** TensorFlow's own kernels, which read transposed factors as fast as others. */
export const nativeKernels: Kernels = {
  matmul: (a, b, options) => scaledProduct(a, b, options, (x, y) => tf.matMul(x, y, options.transA, options.transB)),
  transpose: (x, permutation) => tf.transpose(x, [...permutation]),
};
