/** What layers have between their products, over GraphBuilder and with gradients: normalisations, gates and attention. */
import type { GraphBuilder } from "./builder.ts";
import type { Tensor } from "./graph.ts";
import { add, multiply, subtract } from "./operations.ts";

/**
 * Layer normalisation over the last axis: y = (x - mean) / sqrt(variance + epsilon) * gain + bias.
 * @param x [rows, d]
 */
export function layerNorm(g: GraphBuilder, x: Tensor, gain: Tensor, bias: Tensor, epsilon: number): Tensor {
  const rows = x.shape[0]!;
  let statistics: readonly Tensor[] = [];
  return g.record(
    [x, gain, bias],
    () => {
      const [y, ...rest] = g.node({ kind: "layerNorm", epsilon }, [x, gain, bias], [x.shape, [rows, 1], [rows, 1]]);
      statistics = rest;
      return [y!] as const;
    },
    () =>
      ([dy]) =>
        g.node({ kind: "layerNormGradient" }, [dy!, x, gain, ...statistics], [x.shape, gain.shape, bias.shape]),
  )[0];
}

/**
 * Root mean square normalisation over the last axis (Zhang & Sennrich 2019): y = x / sqrt(mean(x²) + epsilon) * gain.
 * @param x [rows, d]
 */
export function rmsNorm(g: GraphBuilder, x: Tensor, gain: Tensor, epsilon: number): Tensor {
  let inverse: Tensor;
  return g.record(
    [x, gain],
    () => {
      const [y, root] = g.node({ kind: "rmsNorm", epsilon }, [x, gain], [x.shape, [x.shape[0]!, 1]]);
      inverse = root!;
      return [y!] as const;
    },
    () =>
      ([dy]) =>
        g.node({ kind: "rmsNormGradient" }, [dy!, x, gain, inverse], [x.shape, gain.shape]),
  )[0];
}

/**
 * Root mean square normalisation of queries and keys over the width d of a head, with gains that all heads share.
 * @param qkv [rows, 3 D]: queries, keys and values, each of `heads` heads side by side
 * @param gains [d] of queries, [d] of keys
 * @returns [rows, 3 D], the values as they were
 */
export function queryKeyNorm(
  g: GraphBuilder,
  qkv: Tensor,
  gains: readonly [Tensor, Tensor],
  { heads, epsilon }: { readonly heads: number; readonly epsilon: number },
): Tensor {
  const roots = [qkv.shape[0]! * heads, 1];
  let inverses: readonly Tensor[] = [];
  return g.record(
    [qkv, ...gains],
    () => {
      const [y, ...rest] = g.node({ kind: "queryKeyNorm", heads, epsilon }, [qkv, ...gains], [qkv.shape, roots, roots]);
      inverses = rest;
      return [y!] as const;
    },
    () =>
      ([dy]) => {
        const shapes = [qkv, ...gains].map(({ shape }) => shape);
        return g.node({ kind: "queryKeyNormGradient", heads }, [dy!, qkv, ...gains, ...inverses], shapes);
      },
  )[0];
}

/**
 * silu(gate) · value, what SwiGLU's layers have between them (Shazeer 2020).
 * @param x [rows, 2 h]: gates, then values
 * @returns [rows, h]
 */
export function siluGate(g: GraphBuilder, x: Tensor): Tensor {
  return g.record(
    [x],
    () => g.node({ kind: "siluGate" }, [x], [[x.shape[0]!, x.shape[1]! / 2]]),
    () =>
      ([dy]) =>
        g.node({ kind: "siluGateGradient" }, [x, dy!], [x.shape]),
  )[0]!;
}

/**
 * u (1 + erf(u)), which is sqrt(2) gelu(sqrt(2) u): with u = x / sqrt(2), gelu(x) = (u + u erf(u)) / sqrt(2). The two factors
 * ride on the neighbouring matrix products, so that the exact GELU costs no scaling pass.
 */
export function erfGate(g: GraphBuilder, u: Tensor): Tensor {
  return g.record(
    [u],
    () => g.node({ kind: "erfGate" }, [u], [u.shape]),
    () =>
      ([dy]) =>
        g.node({ kind: "erfGateGradient" }, [u, dy!], [u.shape]),
  )[0]!;
}

/** 1 / (1 + exp(-x)). */
export function sigmoid(g: GraphBuilder, x: Tensor): Tensor {
  return g.record(
    [x],
    () => g.node({ kind: "sigmoid" }, [x], [x.shape]),
    ([y]) =>
      ([dy]) => [multiply(g, dy!, subtract(g, y!, multiply(g, y!, y!)))],
  )[0]!;
}

/** x sigmoid(x). */
export function silu(g: GraphBuilder, x: Tensor): Tensor {
  let gate: Tensor;
  return g.record(
    [x],
    () => {
      [gate] = g.node({ kind: "sigmoid" }, [x], [x.shape]) as [Tensor];
      return [multiply(g, x, gate)] as const;
    },
    (outputs) =>
      ([dy]) => {
        // s + x s (1 - s) = s + y - y s
        const y = outputs[0];
        return [multiply(g, dy!, subtract(g, add(g, gate, y), multiply(g, y, gate)))];
      },
  )[0];
}

/**
 * Multi-head self-attention over sequences that lie one after the other: softmax(q kᵀ / sqrt(D / heads)) v for each head.
 * @param qkv [batchSize · n, 3 D]: queries, keys and values, each of `heads` heads side by side
 * @returns [batchSize · n, D]
 */
export function selfAttention(g: GraphBuilder, qkv: Tensor, batchSize: number, heads: number): Tensor {
  const [rows, D] = [qkv.shape[0]!, qkv.shape[1]! / 3];
  const shapes = [
    [rows, D],
    [batchSize, heads, rows / batchSize],
  ];
  let logSums: Tensor;
  return g.record(
    [qkv],
    () => {
      const [out, sums] = g.node({ kind: "selfAttention", batchSize, heads }, [qkv], shapes);
      logSums = sums!;
      return [out!] as const;
    },
    ([out]) =>
      ([dy]) =>
        g.node({ kind: "selfAttentionGradient", batchSize, heads }, [qkv, out, logSums, dy!], [qkv.shape]),
  )[0];
}
