/** What the network predicts and how a timestep's loss is weighted (method section 3); x_t = sqrt(ᾱ) x0 + sqrt(1-ᾱ) ε. */
import type { DiffusionConfig } from "../experiment/schema.ts";

export type Prediction = DiffusionConfig["prediction"];

/**
 * The regression target as a mix of image and noise: target = x0 · (x0 coefficient) + ε · (ε coefficient).
 * v = sqrt(ᾱ) ε - sqrt(1-ᾱ) x0 (Salimans & Ho 2022).
 */
export function targetCoefficients(prediction: Prediction, alphaCumprod: number): { x0: number; epsilon: number } {
  switch (prediction) {
    case "epsilon":
      return { x0: 0, epsilon: 1 };
    case "x0":
      return { x0: 1, epsilon: 0 };
    case "v":
      return { x0: -Math.sqrt(1 - alphaCumprod), epsilon: Math.sqrt(alphaCumprod) };
  }
}

/** Signal-to-noise ratio ᾱ / (1-ᾱ). */
export function signalToNoise(alphaCumprod: number): number {
  return alphaCumprod / (1 - alphaCumprod);
}

/**
 * Weight of the squared error at a timestep: 1 (uniform), or min-SNR-γ (Hang et al. 2023), which is min(SNR, γ) on the error of x0,
 * hence min(SNR, γ) / SNR on that of ε and min(SNR, γ) / (SNR + 1) on that of v.
 */
export function lossWeight(
  config: Pick<DiffusionConfig, "prediction" | "loss_weighting" | "min_snr_gamma">,
  alphaCumprod: number,
): number {
  if (config.loss_weighting === "uniform") return 1;
  const snr = signalToNoise(alphaCumprod);
  const capped = Math.min(snr, config.min_snr_gamma);
  switch (config.prediction) {
    case "epsilon":
      return capped / snr;
    case "x0":
      return capped;
    case "v":
      return capped / (snr + 1);
  }
}

/**
 * Reads a network output as the image and the noise it implies. All arrays have the same length.
 * @param output what the network predicted for x_t
 * @param alphaCumprod ᾱ_t, below 1
 */
export function toX0AndEpsilon(
  prediction: Prediction,
  output: Float32Array,
  xt: Float32Array,
  alphaCumprod: number,
): { x0: Float32Array; epsilon: Float32Array } {
  const n = output.length;
  const x0 = new Float32Array(n);
  const epsilon = new Float32Array(n);
  const signal = Math.sqrt(alphaCumprod);
  const noise = Math.sqrt(1 - alphaCumprod);
  switch (prediction) {
    case "epsilon":
      epsilon.set(output);
      for (let i = 0; i < n; i++) x0[i] = (xt[i]! - noise * output[i]!) / signal;
      break;
    case "x0":
      x0.set(output);
      for (let i = 0; i < n; i++) epsilon[i] = (xt[i]! - signal * output[i]!) / noise;
      break;
    case "v":
      for (let i = 0; i < n; i++) {
        x0[i] = signal * xt[i]! - noise * output[i]!;
        epsilon[i] = noise * xt[i]! + signal * output[i]!;
      }
      break;
  }
  return { x0, epsilon };
}
