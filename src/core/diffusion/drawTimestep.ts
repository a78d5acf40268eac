/** Which timestep an image of a batch is trained at. */
import type { DiffusionConfig } from "../experiment/schema.ts";
import type { RandomStream } from "../random/streams.ts";

export type TimestepConfig = Pick<DiffusionConfig, "timesteps" | "timestep_distribution" | "logit_mean" | "logit_std">;

/**
 * uniform: every t in {0 … T-1} alike. logit_normal (Esser et al. 2024): the share of the way from noise to image is u = sigmoid(mean + std z)
 * with z standard normal, and t = floor((1 - u) T), within {0 … T-1}.
 */
export function drawTimestep(stream: RandomStream, config: TimestepConfig): number {
  const T = config.timesteps;
  if (config.timestep_distribution === "uniform") return stream.below(T);
  const z = new Float32Array(1);
  stream.fillNormal(z, 0, 1);
  const u = 1 / (1 + Math.exp(-(config.logit_mean + config.logit_std * z[0]!)));
  return Math.min(T - 1, Math.max(0, Math.floor((1 - u) * T)));
}
