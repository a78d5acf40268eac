/** How much image and how much noise a timestep holds: x_t = a_t x0 + b_t ε. What a process is, is said here alone (docs/diffusion.md). */
import type { DiffusionConfig } from "../experiment/schema.ts";
import { betaSchedule } from "./betas.ts";

/** A mix of image and noise: x0 · (x0) + ε · (epsilon). */
export interface Mix {
  readonly x0: number;
  readonly epsilon: number;
}

/** How much there is of both in x_t. */
export interface SignalAndNoise {
  /** a, in [0, 1] */
  readonly signal: number;
  /** b, in [0, 1]; 0 for the clean image alone */
  readonly noise: number;
}

/** All that a timestep means. */
export interface NoiseLevel extends SignalAndNoise {
  /** what prediction `v` is here; with x_t it has determinant 1 or -1 */
  readonly velocity: Mix;
  /** what is left of x_t without the predicted noise is divided by this: a, held away from 0 where the process comes to 0 */
  readonly divisor: number;
  /** how much of the image is left, as people give it for this process: `shareName` */
  readonly share: number;
}

export interface NoiseSchedule {
  /** of timestep t in {0 … T-1}, [T] */
  readonly levels: readonly NoiseLevel[];
  /** formula sign of `share` */
  readonly shareName: "ᾱ" | "a";
}

/** Samplers end here, at time -1. */
export const CLEAN: SignalAndNoise = { signal: 1, noise: 0 };

/**
 * Nothing is divided by less (Li & He 2025 take the same): at t = T-1 a flow has no signal at all, and predicted noise says nothing of the image;
 * and a loss would count single timesteps hundreds of times.
 */
export const LEAST_DIVISOR = 0.05;

/**
 * ddpm (Ho et al. 2020): a = sqrt(ᾱ), b = sqrt(1-ᾱ); v = a ε - b x0 (Salimans & Ho 2022).
 * @param alphaCumprod ᾱ, in (0, 1)
 */
export function ddpmLevel(alphaCumprod: number): NoiseLevel {
  const [signal, noise] = [Math.sqrt(alphaCumprod), Math.sqrt(1 - alphaCumprod)];
  return { signal, noise, velocity: { x0: -noise, epsilon: signal }, divisor: signal, share: alphaCumprod };
}

const STRAIGHT: Mix = { x0: 1, epsilon: -1 };

/**
 * flow, the straight path (Liu et al. 2022, Lipman et al. 2022): a = 1 - b; v = x0 - ε = dx/da (Li & He 2025).
 * @param noise b, in (0, 1]
 */
export function flowLevel(noise: number): NoiseLevel {
  const signal = 1 - noise;
  return { signal, noise, velocity: STRAIGHT, divisor: Math.max(signal, LEAST_DIVISOR), share: signal };
}

/** The levels of an experiment's process; those of flow are b_t = (t+1)/T. */
export function noiseSchedule(config: Pick<DiffusionConfig, "process" | "timesteps" | "schedule">): NoiseSchedule {
  const T = config.timesteps;
  switch (config.process) {
    case "ddpm":
      return { levels: Array.from(betaSchedule(config).alphasCumprod, (alpha) => ddpmLevel(alpha)), shareName: "ᾱ" };
    case "flow":
      return { levels: Array.from({ length: T }, (_, t) => flowLevel((t + 1) / T)), shareName: "a" };
  }
}
