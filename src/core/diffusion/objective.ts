/** What the network predicts and how a timestep's loss is weighted (method section 3, docs/diffusion.md). */
import type { DiffusionConfig } from "../experiment/schema.ts";
import { LEAST_DIVISOR, type Mix, type NoiseLevel, type SignalAndNoise } from "./schedule.ts";

export type Prediction = DiffusionConfig["prediction"];

/** The regression target as a mix of image and noise. */
export function targetCoefficients(prediction: Prediction, level: Pick<NoiseLevel, "velocity">): Mix {
  switch (prediction) {
    case "epsilon":
      return { x0: 0, epsilon: 1 };
    case "x0":
      return { x0: 1, epsilon: 0 };
    case "v":
      return level.velocity;
  }
}

/** Signal-to-noise ratio a²/b². */
export function signalToNoise({ signal, noise }: SignalAndNoise): number {
  return (signal / noise) ** 2;
}

/**
 * Weight of the squared error at a timestep.
 * velocity: the loss is that of v whatever is predicted (Li & He 2025): at a given x_t an error of x0 is one of v, 1/b times as large,
 * and one of ε is 1/a times.
 * min_snr: min-SNR-γ (Hang et al. 2023), min(SNR, γ) on the error of x0, which is b/a times that of ε: hence min(1, γ/SNR) on that of ε,
 * which holds without any signal, too.
 */
export function lossWeight(
  config: Pick<DiffusionConfig, "prediction" | "loss_weighting" | "min_snr_gamma">,
  level: SignalAndNoise,
): number {
  const { signal, noise } = level;
  switch (config.loss_weighting) {
    case "uniform":
      return 1;
    case "velocity": {
      const divisor = { epsilon: signal, x0: noise, v: 1 }[config.prediction];
      return 1 / Math.max(divisor, LEAST_DIVISOR) ** 2;
    }
    case "min_snr": {
      const onNoise = { epsilon: 1, x0: signal / noise, v: signal }[config.prediction];
      return Math.min(1, config.min_snr_gamma / signalToNoise(level)) * onNoise ** 2;
    }
  }
}

/** What an output says of x_t; arrays as long as it. */
export interface ImageAndNoise {
  readonly x0: Float32Array;
  readonly epsilon: Float32Array;
}

/**
 * Reads a network output as the image and the noise it implies. All arrays have the same length.
 * @param output what the network predicted for x_t
 */
export function toX0AndEpsilon(
  prediction: Prediction,
  output: Float32Array,
  xt: Float32Array,
  { signal, noise, velocity, divisor }: NoiseLevel,
): ImageAndNoise {
  const n = output.length;
  const x0 = new Float32Array(n);
  const epsilon = new Float32Array(n);
  switch (prediction) {
    case "epsilon":
      epsilon.set(output);
      for (let i = 0; i < n; i++) x0[i] = (xt[i]! - noise * output[i]!) / divisor;
      break;
    case "x0":
      x0.set(output);
      for (let i = 0; i < n; i++) epsilon[i] = (xt[i]! - signal * output[i]!) / noise;
      break;
    case "v": {
      // Cramer's rule; the determinant a·(ε's) - b·(x0's) is its own inverse.
      const sign = Math.sign(signal * velocity.epsilon - noise * velocity.x0);
      for (let i = 0; i < n; i++) {
        x0[i] = sign * (velocity.epsilon * xt[i]! - noise * output[i]!);
        epsilon[i] = sign * (signal * output[i]! - velocity.x0 * xt[i]!);
      }
    }
  }
  return { x0, epsilon };
}
