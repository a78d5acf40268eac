import { type Prediction, targetCoefficients } from "../../../src/core/diffusion/objective.ts";
import type { Denoiser, SampleRequest } from "../../../src/core/diffusion/samplers.ts";
import { noiseSchedule, type SignalAndNoise } from "../../../src/core/diffusion/schedule.ts";

/** Pixels independent, each N(mean, deviation²); the mean may depend on the class. */
export interface Gaussian {
  readonly mean: (label: number) => number;
  readonly deviation: number;
}

/** The optimal network for Gaussian data, in closed form: x_t is N(a μ, a² s² + b²). */
export function gaussianDenoiser(diffusion: SampleRequest["diffusion"], data: Gaussian): Denoiser {
  const { levels } = noiseSchedule(diffusion);
  return async (x, timesteps, labels) => {
    const output = new Float32Array(x.length);
    const perImage = x.length / timesteps.length;
    for (let b = 0; b < timesteps.length; b++) {
      const level = levels[timesteps[b]!]!;
      const { signal, noise } = level;
      const mean = data.mean(labels?.[b] ?? 0);
      const variance = (signal * data.deviation) ** 2 + noise ** 2;
      const target = targetCoefficients(diffusion.prediction, level);
      for (let i = b * perImage; i < (b + 1) * perImage; i++) {
        const offset = x[i]! - signal * mean;
        const epsilon = (noise * offset) / variance;
        const x0 = mean + (signal * data.deviation ** 2 * offset) / variance;
        output[i] = target.x0 * x0 + target.epsilon * epsilon;
      }
    }
    return output;
  };
}

/** Where the probability-flow ODE takes x from one noise to another: the standardised value stays. */
export function exactFlow(x: number, from: SignalAndNoise, to: SignalAndNoise, data: Gaussian): number {
  const deviation = ({ signal, noise }: SignalAndNoise) => Math.hypot(signal * data.deviation, noise);
  const standard = (x - from.signal * data.mean(0)) / deviation(from);
  return to.signal * data.mean(0) + deviation(to) * standard;
}

/** Mean and variance of all values. */
export function moments(values: Float32Array): { mean: number; variance: number } {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, variance: squares / (values.length - 1) };
}

/** Largest absolute difference. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce(
    (largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)),
    a.length === b.length ? 0 : Infinity,
  );
}

export const PREDICTIONS: readonly Prediction[] = ["epsilon", "v", "x0"];
