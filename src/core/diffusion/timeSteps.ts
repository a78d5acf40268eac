import type { SampleConfig } from "../experiment/schema.ts";

/**
 * The times a sampler visits: `steps` evenly spaced ones from T-1 down, then -1, the clean image (method section 6). Time i, counted
 * from the end, is floor(i·T/steps) - 1; whole-number arithmetic, so that every language finds the same.
 * More steps than T would visit times twice: T are taken then.
 * @returns [min(steps, T) + 1] times, strictly falling from T-1 to -1
 */
export function samplingTimes(timesteps: number, steps: number): Int32Array {
  const count = Math.min(steps, timesteps);
  const times = new Int32Array(count + 1);
  for (let i = 0; i <= count; i++) times[count - i] = Math.floor((i * timesteps) / count) - 1;
  return times;
}

/** How often the network is asked for an image: `sample.steps`, as far as the sampler can take so many. */
export interface Evaluations {
  /** steps of the trajectory */
  readonly steps: number;
  /** times the network is asked for each image */
  readonly evaluations: number;
}

/**
 * The timesteps at which the network is asked in one step of the trajectory.
 * @param nextTimestep where the step arrives, -1: the clean image
 */
export const timesAsked = (sampler: SampleConfig["sampler"], timestep: number, nextTimestep: number): number[] =>
  sampler === "heun" && nextTimestep >= 0 ? [timestep, nextTimestep] : [timestep];

/** Those of the whole trajectory, in their order. */
export function allTimesAsked(sample: Pick<SampleConfig, "sampler" | "steps">, timesteps: number): number[] {
  const times = samplingTimes(timesteps, evaluationsOf(sample, timesteps).steps);
  return [...times.subarray(0, -1)].flatMap((time, i) => timesAsked(sample.sampler, time, times[i + 1]!));
}

/** The largest number of evaluations that can be made. */
export const mostEvaluations = (sampler: SampleConfig["sampler"], timesteps: number): number =>
  evaluationsOf({ sampler, steps: Number.POSITIVE_INFINITY }, timesteps).evaluations;

/** Heun asks twice a step, but for the last one: of an even number of evaluations one is left out. No sampler takes more than T steps. */
export function evaluationsOf(
  { sampler, steps: asked }: Pick<SampleConfig, "sampler" | "steps">,
  timesteps: number,
): Evaluations {
  const isHeun = sampler === "heun";
  const steps = Math.min(isHeun ? Math.ceil(asked / 2) : asked, timesteps);
  return { steps, evaluations: isHeun ? 2 * steps - 1 : steps };
}
