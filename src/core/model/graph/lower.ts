/** Writes composite operations out as several primitive ones, for backends that do not have them as a whole. */
import { GraphBuilder } from "./builder.ts";
import {
  COMPOSITE_KINDS,
  type CompositeOperation,
  type Graph,
  type GraphNode,
  isComposite,
  pruned,
  type Tensor,
} from "./graph.ts";
import { add, concat, matmul, multiply, reshape, scale, shift, split, subtract, sum, transpose } from "./operations.ts";

/** Composite operations that a backend has as a whole. */
export type Composites = ReadonlySet<CompositeOperation["kind"]>;

export const ALL_COMPOSITES: Composites = new Set(COMPOSITE_KINDS);
export const NO_COMPOSITES: Composites = new Set();

/** The same graph for a backend that has these composite operations: all others are written out. */
export function lowered(graph: Graph, kept: Composites): Graph {
  return new Lowering(graph, kept).lower();
}

interface AttentionParts {
  /** queries, keys and values, [B, heads, n, d] with d = D / heads */
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  /** softmax(q kᵀ / sqrt(d)), [B, heads, n, n] */
  readonly weights: Tensor;
  /** weights · v, [B, heads, n, d] */
  readonly attended: Tensor;
}

interface NormParts {
  readonly x: Tensor;
  readonly gain: Tensor;
  readonly inverse: Tensor;
}

interface SiluGateParts {
  readonly gate: Tensor;
  readonly value: Tensor;
  /** of the gate */
  readonly sigmoid: Tensor;
}

class Lowering {
  private readonly g: GraphBuilder;
  /** what stands for an output of an operation that was written out, by that output's id */
  private readonly stands = new Map<number, Tensor>();
  /** What gradients take from their forward pass: of an attention, by the id of its logarithms of sums, … */
  private readonly attentions = new Map<number, AttentionParts>();
  /** … of a gate 1 + erf(u), by the id of u, … */
  private readonly gates = new Map<number, Tensor>();
  /** … of queries and keys in each head, by the id of the queries' inverse roots. */
  private readonly heads = new Map<number, readonly NormParts[]>();
  /** … of silu(gate) · value, by the id of both together. */
  private readonly siluGates = new Map<number, SiluGateParts>();

  constructor(
    private readonly source: Graph,
    private readonly kept: Composites,
  ) {
    this.g = GraphBuilder.after(source);
  }

  lower(): Graph {
    for (const node of this.source.nodes) {
      const inputs = node.inputs.map((input) => this.now(input));
      const { operation, outputs } = node;
      if (!isComposite(operation) || this.kept.has(operation.kind)) this.g.append({ ...node, inputs });
      else {
        this.writeOut(operation, inputs, node).forEach((tensor, i) => {
          this.stands.set(outputs[i]!.id, tensor);
        });
      }
    }
    const outputs = this.source.outputs.map((output) => ({ ...output, tensor: this.now(output.tensor) }));
    return pruned({ ...this.g.build({}), inputs: this.source.inputs, outputs });
  }

  private now(tensor: Tensor): Tensor {
    return this.stands.get(tensor.id) ?? tensor;
  }

  /** @returns what stands for the outputs; nothing for those that only a gradient reads, which is written out, too */
  private writeOut(operation: CompositeOperation, inputs: readonly Tensor[], { outputs }: GraphNode): Tensor[] {
    const [a, b, c, d, e] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
    switch (operation.kind) {
      case "selfAttention":
        return [this.selfAttention(a, operation, outputs[1]!.id)];
      case "selfAttentionGradient":
        return [this.selfAttentionGradient(this.attentions.get(c.id)!, d, operation)];
      case "layerNormGradient":
        return normGradient(this.g, { dy: a, x: b, gain: c, mean: d, inverse: e });
      case "rmsNorm":
        return rmsNorm(this.g, a, b, operation.epsilon);
      case "rmsNormGradient":
        return normGradient(this.g, { dy: a, x: b, gain: c, mean: null, inverse: d });
      case "queryKeyNorm":
        return [this.queryKeyNorm(a, [b, c], operation, outputs[1]!.id)];
      case "queryKeyNormGradient":
        return queryKeyNormGradient(this.g, a, this.heads.get(e.id)!);
      case "siluGate":
        return [this.siluGate(a)];
      case "siluGateGradient":
        return [this.siluGateGradient(this.siluGates.get(a.id)!, b)];
      case "erfGate":
        return [this.erfGate(a)];
      case "erfGateGradient":
        return [this.erfGateGradient(a, b)];
    }
  }

  private selfAttention(qkv: Tensor, { batchSize, heads }: AttentionSizes, id: number): Tensor {
    const { g } = this;
    const [rows, D] = [qkv.shape[0]!, qkv.shape[1]! / 3];
    const split4 = [batchSize, rows / batchSize, heads, D / heads];
    // Split first: transposing [B, n, heads, d] is several times faster than transposing the five axes of qkv at once.
    const [q, k, v] = split(g, qkv, 1, [D, D, D]).map((part) =>
      transpose(g, reshape(g, part, split4), HEADS_FIRST),
    ) as [Tensor, Tensor, Tensor];
    const scores = matmul(g, q, k, { transB: true, alpha: 1 / Math.sqrt(D / heads) });
    const [weights] = g.node({ kind: "softmax" }, [scores], [scores.shape]) as [Tensor];
    const attended = matmul(g, weights, v);
    this.attentions.set(id, { q, k, v, weights, attended });
    return reshape(g, transpose(g, attended, HEADS_FIRST), [rows, D]);
  }

  /** The softmax's gradient P (dP - rowsum(P dP)) uses rowsum(P dP) = rowsum(dO O), which is d wide instead of n (Dao et al. 2022). */
  private selfAttentionGradient(parts: AttentionParts, dOut: Tensor, { batchSize, heads }: AttentionSizes): Tensor {
    const { g } = this;
    const { q, k, v, weights, attended } = parts;
    const [rows, D] = dOut.shape as [number, number];
    const alpha = 1 / Math.sqrt(D / heads);
    const dy = transpose(g, reshape(g, dOut, [batchSize, rows / batchSize, heads, D / heads]), HEADS_FIRST);
    const dWeights = matmul(g, dy, v, { transB: true });
    const rowSums = sum(g, multiply(g, dy, attended), [3], true);
    const dScores = multiply(g, weights, subtract(g, dWeights, rowSums));
    const gradients = [
      matmul(g, dScores, k, { alpha }),
      matmul(g, dScores, q, { transA: true, alpha }),
      matmul(g, weights, dy, { transA: true }),
    ];
    return concat(
      g,
      gradients.map((gradient) => reshape(g, transpose(g, gradient, HEADS_FIRST), [rows, D])),
      1,
    );
  }

  private queryKeyNorm(qkv: Tensor, gains: readonly Tensor[], { heads, epsilon }: HeadSizes, id: number): Tensor {
    const { g } = this;
    const [rows, D] = [qkv.shape[0]!, qkv.shape[1]! / 3];
    const parts = split(g, qkv, 1, [D, D, D]);
    const norms = gains.map((gain, i) => {
      const x = reshape(g, parts[i]!, [rows * heads, D / heads]);
      const [y, inverse] = rmsNorm(g, x, gain, epsilon) as [Tensor, Tensor];
      return { x, gain, inverse, y };
    });
    this.heads.set(id, norms);
    return concat(g, [...norms.map(({ y }) => reshape(g, y, [rows, D])), parts[2]!], 1);
  }

  private siluGate(x: Tensor): Tensor {
    const { g } = this;
    const half = x.shape[1]! / 2;
    const [gate, value] = split(g, x, 1, [half, half]) as [Tensor, Tensor];
    const [sigmoid] = g.node({ kind: "sigmoid" }, [gate], [gate.shape]) as [Tensor];
    this.siluGates.set(x.id, { gate, value, sigmoid });
    return multiply(g, multiply(g, gate, sigmoid), value);
  }

  /** d/dx silu(x) = s + y - y s with s the sigmoid of x and y = x s */
  private siluGateGradient({ gate, value, sigmoid }: SiluGateParts, dy: Tensor): Tensor {
    const { g } = this;
    const silu = multiply(g, gate, sigmoid);
    const slope = subtract(g, add(g, sigmoid, silu), multiply(g, silu, sigmoid));
    return concat(g, [multiply(g, multiply(g, dy, value), slope), multiply(g, dy, silu)], 1);
  }

  private erfGate(u: Tensor): Tensor {
    const { g } = this;
    const [e] = g.node({ kind: "erf" }, [u], [u.shape]) as [Tensor];
    const gate = shift(g, e, 1);
    this.gates.set(u.id, gate);
    return multiply(g, u, gate);
  }

  /** d/du u (1 + erf(u)) = 1 + erf(u) + u (2 / sqrt(pi)) exp(-u²) */
  private erfGateGradient(u: Tensor, dy: Tensor): Tensor {
    const { g } = this;
    const term = Math.log(2 / Math.sqrt(Math.PI));
    const [exponent] = g.node({ kind: "subtractFrom", term }, [multiply(g, u, u)], [u.shape]) as [Tensor];
    const [bell] = g.node({ kind: "exp" }, [exponent], [u.shape]) as [Tensor];
    return multiply(g, dy, add(g, this.gates.get(u.id)!, multiply(g, u, bell)));
  }
}

/** @returns gradients of qkv and both gains */
function queryKeyNormGradient(g: GraphBuilder, dOut: Tensor, norms: readonly NormParts[]): Tensor[] {
  const [rows, D] = [dOut.shape[0]!, dOut.shape[1]! / 3];
  const parts = split(g, dOut, 1, [D, D, D]);
  const gradients = norms.map(({ x, gain, inverse }, i) =>
    normGradient(g, { dy: reshape(g, parts[i]!, x.shape), x, gain, mean: null, inverse }),
  );
  const dParts = gradients.map(([dx]) => reshape(g, dx!, [rows, D]));
  return [concat(g, [...dParts, parts[2]!], 1), ...gradients.map(([, dGain]) => dGain!)];
}

type HeadSizes = Extract<CompositeOperation, { kind: "queryKeyNorm" }>;
type AttentionSizes = Extract<CompositeOperation, { kind: "selfAttention" | "selfAttentionGradient" }>;

/** [B, n, heads, d] to [B, heads, n, d], and back */
const HEADS_FIRST = [0, 2, 1, 3] as const;

/** @returns y and the inverse root of the mean square */
function rmsNorm(g: GraphBuilder, x: Tensor, gain: Tensor, epsilon: number): Tensor[] {
  const meanSquare = scale(g, sum(g, multiply(g, x, x), [1], true), 1 / x.shape[1]!);
  const [inverse] = g.node({ kind: "rsqrt" }, [shift(g, meanSquare, epsilon)], [meanSquare.shape]) as [Tensor];
  return [multiply(g, multiply(g, x, inverse), gain), inverse];
}

interface NormGradientInputs {
  readonly dy: Tensor;
  readonly x: Tensor;
  readonly gain: Tensor;
  /** null where only the size is normalised */
  readonly mean: Tensor | null;
  /** inverse deviation, or inverse root of the mean square */
  readonly inverse: Tensor;
}

/**
 * With x^ the normalised value, r the inverse deviation and h = dy * gain: dx = r (h - mean(h) - x^ mean(h x^)), as in Ba et al.
 * 2016. Without a mean, mean(h) falls away.
 * @returns gradients of x, gain and, with a mean, bias
 */
function normGradient(g: GraphBuilder, { dy, x, gain, mean, inverse }: NormGradientInputs): Tensor[] {
  const width = x.shape[1]!;
  const normalised = multiply(g, mean ? subtract(g, x, mean) : x, inverse);
  const weighted = multiply(g, dy, normalised);
  // Row means against the gain are products with a vector, which backends do in one pass.
  const column = reshape(g, gain, [width, 1]);
  const rowMean = (values: Tensor) => matmul(g, values, column, { alpha: 1 / width });
  const meanH = mean && rowMean(dy);
  const meanHX = rowMean(weighted);
  const h = multiply(g, dy, gain);
  const centred = subtract(g, meanH ? subtract(g, h, meanH) : h, multiply(g, normalised, meanHX));
  const dx = multiply(g, centred, inverse);
  return [dx, sum(g, weighted, [0], false), ...(mean ? [sum(g, dy, [0], false)] : [])];
}
