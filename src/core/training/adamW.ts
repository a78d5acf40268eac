/** AdamW (Loshchilov & Hutter 2019) and the moving average of the weights, written once for every backend that takes graphs. */
import { GraphBuilder } from "../model/graph/builder.ts";
import type { Graph, Tensor } from "../model/graph/graph.ts";
import { add, divide, multiply, squareRoot, subtract } from "../model/graph/operations.ts";

/** Scalars of one step. */
export interface AdamWScalars {
  /** factor on the gradient, from clipping */
  readonly gradientScale: number;
  readonly lr: number;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** counted from 1, for the bias corrections */
  readonly update: number;
  readonly emaDecay: number;
}

/** What an update reads besides arrays, everything worked out that can be; in the order in which kernels take them. */
export const ADAMW_FACTORS = [
  "gradientScale",
  "decay",
  "beta1",
  "gradientWeight",
  "beta2",
  "squareWeight",
  "stepSize",
  "rootCorrection",
  "epsilon",
  "emaDecay",
] as const;
export type AdamWFactor = (typeof ADAMW_FACTORS)[number];

/** The arrays that it reads, and all of which but the gradient it writes anew. */
export const ADAMW_ARRAYS = ["raw", "gradient", "m", "v", "ema"] as const;
export const ADAMW_RESULTS = ["raw", "m", "v", "ema"] as const;
/** Name of the graph's output that takes an array's place. */
export const updated = (array: (typeof ADAMW_RESULTS)[number]): string => `new ${array}`;

/** Values of the factors, in their order. */
export function adamWFactors(s: AdamWScalars): number[] {
  const values: Record<AdamWFactor, number> = {
    gradientScale: s.gradientScale,
    decay: 1 - s.lr * s.weightDecay,
    beta1: s.beta1,
    gradientWeight: 1 - s.beta1,
    beta2: s.beta2,
    squareWeight: 1 - s.beta2,
    stepSize: s.lr / (1 - s.beta1 ** s.update),
    rootCorrection: 1 / Math.sqrt(1 - s.beta2 ** s.update),
    epsilon: s.epsilon,
    emaDecay: s.emaDecay,
  };
  return ADAMW_FACTORS.map((name) => values[name]);
}

/**
 * One update: m = beta1 m + gradientWeight g and v = beta2 v + squareWeight g² with g = gradientScale gradient,
 * raw = decay raw - stepSize m / (rootCorrection sqrt(v) + epsilon), ema = raw + emaDecay (ema - raw), an exact copy at 0. Inputs are
 * ADAMW_ARRAYS [count] and ADAMW_FACTORS [1]; outputs are named by `updated`.
 */
export function adamWGraph(count: number): Graph {
  const g = new GraphBuilder();
  const [raw, gradient, m, v, ema] = ADAMW_ARRAYS.map((name) => g.input(name, [count])) as FiveArrays;
  const f = Object.fromEntries(ADAMW_FACTORS.map((name) => [name, g.input(name, [1])])) as Factors;
  const scaled = multiply(g, gradient, f.gradientScale);
  const newM = add(g, multiply(g, m, f.beta1), multiply(g, scaled, f.gradientWeight));
  const newV = add(g, multiply(g, v, f.beta2), multiply(g, multiply(g, scaled, scaled), f.squareWeight));
  const root = add(g, multiply(g, squareRoot(g, newV), f.rootCorrection), f.epsilon);
  const newRaw = subtract(g, multiply(g, raw, f.decay), divide(g, multiply(g, newM, f.stepSize), root));
  const newEma = add(g, newRaw, multiply(g, subtract(g, ema, newRaw), f.emaDecay));
  return g.build({ [updated("raw")]: newRaw, [updated("m")]: newM, [updated("v")]: newV, [updated("ema")]: newEma });
}

type FiveArrays = [Tensor, Tensor, Tensor, Tensor, Tensor];
type Factors = Record<AdamWFactor, Tensor>;
