/**
 * The optimiser's loops as WebAssembly SIMD over the parameters' own memory: one pass for AdamW and the moving average, where
 * plain JavaScript took as long as a good part of a small model's step. Float32 arithmetic, in a fixed order, so results are
 * the same on every machine.
 */
import { encodeModule, F32, F64, I32, op, V128, type WasmFunction } from "./wasm.ts";

/** Scalars of one AdamW step (Loshchilov & Hutter 2019) and of the moving average of the weights. */
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

/** Addresses are in bytes, counts in floats; counts are multiples of 4. */
export interface Kernels {
  adamW(
    parameter: number,
    gradient: number,
    m: number,
    v: number,
    ema: number,
    count: number,
    scalars: AdamWScalars,
  ): void;
  /** sum of squares, accumulated in float64 */
  sumOfSquares(address: number, count: number): number;
  /** target += source */
  accumulate(target: number, source: number, count: number): void;
}

const STEP_BYTES = 16;

/** body, then advance of the pointers, until the first of them reaches local `end` */
function overPointers(pointers: readonly number[], end: number, body: readonly number[]): number[] {
  const advance = pointers.flatMap((p) => [...op.get(p), ...op.i32Const(STEP_BYTES), ...op.i32Add, ...op.set(p)]);
  return op.loop(...body, ...advance, ...op.get(pointers[0]!), ...op.get(end), ...op.i32LessUnsigned);
}

function adamWFunction(): WasmFunction {
  const [p, g, m, v, e, end] = [0, 1, 2, 3, 4, 5];
  // scalar parameters 6 … 15, splatted into locals 16 … 25 before the loop
  const splat = (i: number) => 16 + i;
  const [gradientScale, decay, beta1, oneMinusBeta1, beta2, oneMinusBeta2, stepSize, rootCorrection, epsilon, emaD] =
    Array.from({ length: 10 }, (_, i) => splat(i)) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
  const [gradient, first, second, parameter] = [26, 27, 28, 29];
  const splats = Array.from({ length: 10 }, (_, i) => [...op.get(6 + i), ...op.splat, ...op.set(splat(i))]).flat();
  const weighted = (a: number[], factorA: number, b: number[], factorB: number) => [
    ...a,
    ...op.get(factorA),
    ...op.mul,
    ...b,
    ...op.get(factorB),
    ...op.mul,
    ...op.add,
  ];
  const body = [
    ...op.get(g),
    ...op.load(),
    ...op.get(gradientScale),
    ...op.mul,
    ...op.set(gradient),
    // m = beta1 m + (1 - beta1) g
    ...op.get(m),
    ...weighted([...op.get(m), ...op.load()], beta1, op.get(gradient), oneMinusBeta1),
    ...op.tee(first),
    ...op.store(),
    // v = beta2 v + (1 - beta2) g²
    ...op.get(v),
    ...weighted(
      [...op.get(v), ...op.load()],
      beta2,
      [...op.get(gradient), ...op.get(gradient), ...op.mul],
      oneMinusBeta2,
    ),
    ...op.tee(second),
    ...op.store(),
    // p = (1 - lr decay) p - (lr / c1) m / (sqrt(v) / sqrt(c2) + epsilon)
    ...op.get(p),
    ...op.get(p),
    ...op.load(),
    ...op.get(decay),
    ...op.mul,
    ...op.get(first),
    ...op.get(stepSize),
    ...op.mul,
    ...op.get(second),
    ...op.sqrt,
    ...op.get(rootCorrection),
    ...op.mul,
    ...op.get(epsilon),
    ...op.add,
    ...op.div,
    ...op.sub,
    ...op.tee(parameter),
    ...op.store(),
    // e = p + decay (e - p): exact copies at decay 0
    ...op.get(e),
    ...op.get(parameter),
    ...op.get(e),
    ...op.load(),
    ...op.get(parameter),
    ...op.sub,
    ...op.get(emaD),
    ...op.mul,
    ...op.add,
    ...op.store(),
  ];
  return {
    name: "adamW",
    parameters: [I32, I32, I32, I32, I32, I32, ...Array.from({ length: 10 }, () => F32)],
    results: [],
    locals: Array.from({ length: 14 }, () => V128),
    body: [...splats, ...overPointers([p, g, m, v, e], end, body)],
  };
}

function sumOfSquaresFunction(): WasmFunction {
  const [p, end, values, low, high, total] = [0, 1, 2, 3, 4, 5];
  return {
    name: "sumOfSquares",
    parameters: [I32, I32],
    results: [F64],
    locals: [V128, V128, V128, V128],
    body: [
      ...overPointers([p], end, [
        ...op.get(p),
        ...op.load(),
        ...op.tee(values),
        ...op.promoteLow,
        ...op.set(low),
        ...op.get(values),
        ...op.get(values),
        ...op.highHalf,
        ...op.promoteLow,
        ...op.set(high),
        ...op.get(total),
        ...op.get(low),
        ...op.get(low),
        ...op.f64x2Mul,
        ...op.f64x2Add,
        ...op.get(high),
        ...op.get(high),
        ...op.f64x2Mul,
        ...op.f64x2Add,
        ...op.set(total),
      ]),
      ...op.get(total),
      ...op.f64x2ExtractLane(0),
      ...op.get(total),
      ...op.f64x2ExtractLane(1),
      ...op.f64Add,
    ],
  };
}

function accumulateFunction(): WasmFunction {
  const [target, source, end] = [0, 1, 2];
  return {
    name: "accumulate",
    parameters: [I32, I32, I32],
    results: [],
    locals: [],
    body: overPointers([target, source], end, [
      ...op.get(target),
      ...op.get(target),
      ...op.load(),
      ...op.get(source),
      ...op.load(),
      ...op.add,
      ...op.store(),
    ]),
  };
}

/**
 * Factors of one step: gradient scale, 1 - lr decay, beta1, 1 - beta1, beta2, 1 - beta2, lr / (1 - beta1^t), 1 / sqrt(1 - beta2^t),
 * epsilon, EMA decay.
 */
export function adamWFactors(s: AdamWScalars): number[] {
  const correction1 = 1 - s.beta1 ** s.update;
  const correction2 = 1 - s.beta2 ** s.update;
  return [
    s.gradientScale,
    1 - s.lr * s.weightDecay,
    s.beta1,
    1 - s.beta1,
    s.beta2,
    1 - s.beta2,
    s.lr / correction1,
    1 / Math.sqrt(correction2),
    s.epsilon,
    s.emaDecay,
  ];
}

type RawAdamW = (...values: number[]) => void;

/** Instantiates the kernels over a memory. */
export function kernels(memory: WebAssembly.Memory): Kernels {
  const pages = memory.buffer.byteLength / 65536;
  const bytes = encodeModule([adamWFunction(), sumOfSquaresFunction(), accumulateFunction()], pages);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const adamW = exports["adamW"] as RawAdamW;
  const sumOfSquares = exports["sumOfSquares"] as (address: number, end: number) => number;
  const accumulate = exports["accumulate"] as (target: number, source: number, end: number) => void;
  return {
    adamW: (parameter, gradient, m, v, ema, count, scalars) =>
      adamW(parameter, gradient, m, v, ema, parameter + 4 * count, ...adamWFactors(scalars)),
    sumOfSquares: (address, count) => sumOfSquares(address, address + 4 * count),
    accumulate: (target, source, count) => accumulate(target, source, target + 4 * count),
  };
}
