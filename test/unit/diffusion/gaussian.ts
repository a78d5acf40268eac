import { type Prediction, targetCoefficients } from "../../../src/core/diffusion/objective.ts";
import type { Denoiser, SampleRequest } from "../../../src/core/diffusion/samplers.ts";
import { noiseSchedule } from "../../../src/core/diffusion/schedule.ts";

/** Pixels independent, each N(mean, deviation²); the mean may depend on the class. */
export interface Gaussian {
  readonly mean: (label: number) => number;
  readonly deviation: number;
}

/** The optimal network for Gaussian data, in closed form: x_t is N(sqrt(ᾱ) μ, ᾱ s² + 1 - ᾱ). */
export function gaussianDenoiser(diffusion: SampleRequest["diffusion"], data: Gaussian): Denoiser {
  const { alphasCumprod } = noiseSchedule(diffusion);
  return async (x, timesteps, labels) => {
    const output = new Float32Array(x.length);
    const perImage = x.length / timesteps.length;
    for (let b = 0; b < timesteps.length; b++) {
      const alpha = alphasCumprod[timesteps[b]!]!;
      const mean = data.mean(labels?.[b] ?? 0);
      const variance = alpha * data.deviation ** 2 + 1 - alpha;
      const target = targetCoefficients(diffusion.prediction, alpha);
      for (let i = b * perImage; i < (b + 1) * perImage; i++) {
        const offset = x[i]! - Math.sqrt(alpha) * mean;
        const epsilon = (Math.sqrt(1 - alpha) * offset) / variance;
        const x0 = mean + (Math.sqrt(alpha) * data.deviation ** 2 * offset) / variance;
        output[i] = target.x0 * x0 + target.epsilon * epsilon;
      }
    }
    return output;
  };
}

/** Where the probability-flow ODE takes x from ᾱ_start to ᾱ_end: the standardised value stays. */
export function exactFlow(x: number, alphaStart: number, alphaEnd: number, data: Gaussian): number {
  const deviation = (alpha: number) => Math.sqrt(alpha * data.deviation ** 2 + 1 - alpha);
  const standard = (x - Math.sqrt(alphaStart) * data.mean(0)) / deviation(alphaStart);
  return Math.sqrt(alphaEnd) * data.mean(0) + deviation(alphaEnd) * standard;
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
