/** Noise schedules of the process ddpm (method sections 2 and 3), in float64. */
import type { DiffusionConfig } from "../experiment/schema.ts";

const COSINE_OFFSET = 0.008;
const LINEAR_FIRST = 1e-4;
const LINEAR_LAST = 0.02;
/** No β above this: at 1 the image would be gone and its signal-to-noise ratio 0. */
export const LARGEST_BETA = 0.999;

/**
 * β_t of an experiment, and ᾱ_t = prod_{i<=t} (1 - β_i), [T] each.
 * cosine: Nichol & Dhariwal 2021, eq. 17, β_t = min(1 - f(t+1)/f(t), 0.999).
 * linear: Ho et al. 2020, from 1e-4 to 0.02, scaled by 1000/T so that ᾱ_T hardly depends on T; capped alike, which matters for T < 21 only.
 */
export function betaSchedule(config: Pick<DiffusionConfig, "timesteps" | "schedule">): {
  readonly betas: Float64Array;
  readonly alphasCumprod: Float64Array;
} {
  const T = config.timesteps;
  const beta = config.schedule === "cosine" ? cosineBeta : linearBeta;
  const betas = new Float64Array(T);
  const alphasCumprod = new Float64Array(T);
  let product = 1;
  for (let t = 0; t < T; t++) {
    betas[t] = Math.min(beta(t, T), LARGEST_BETA);
    product *= 1 - betas[t]!;
    alphasCumprod[t] = product;
  }
  return { betas, alphasCumprod };
}

function cosineBeta(t: number, T: number): number {
  const f = (u: number) => Math.cos(((u / T + COSINE_OFFSET) / (1 + COSINE_OFFSET)) * (Math.PI / 2)) ** 2;
  return 1 - f(t + 1) / f(t);
}

function linearBeta(t: number, T: number): number {
  return (1000 / T) * (LINEAR_FIRST + ((LINEAR_LAST - LINEAR_FIRST) * t) / (T - 1));
}
