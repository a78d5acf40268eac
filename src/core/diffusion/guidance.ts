/**
 * Classifier-free guidance (Ho & Salimans 2022): what the network predicts of an image with its class is driven away from what it predicts
 * without one; at some noise levels only, where that is asked for (Kynkäänniemi et al. 2024).
 */
import type { Experiment } from "../experiment/schema.ts";
import type { Denoiser, SampleStep } from "./samplers.ts";
import { allTimesAsked, timesAsked } from "./timeSteps.ts";

/** What decides how images are guided. */
export type GuidedExperiment = Pick<Experiment, "model" | "diffusion" | "sample">;

export interface Guidance {
  /** w: 0 draws without a class, 1 is the class as it was learned, above 1 more of it */
  readonly scale: number;
  /** first and last timestep t that is guided; at all others w is 1 */
  readonly first: number;
  readonly last: number;
  /** the label of no class */
  readonly noClass: number;
}

/**
 * The timesteps of an interval [from, to] are those from floor(from·(T-1) + 1/2) to floor(to·(T-1) + 1/2), both included: whole numbers, so
 * that every language finds the same.
 * @returns null where images are drawn with their class, or without classes, as the network predicts them
 */
export function guidanceOf({ model, diffusion, sample }: GuidedExperiment): Guidance | null {
  if (model.num_classes === 0 || sample.guidance === 1) return null;
  const [first, last] = sample.guidance_interval.map((share) => Math.floor(share * (diffusion.timesteps - 1) + 0.5));
  return { scale: sample.guidance, first: first!, last: last!, noClass: model.num_classes };
}

/** w at a timestep. */
const scaleAt = ({ scale, first, last }: Guidance, timestep: number): number =>
  first <= timestep && timestep <= last ? scale : 1;

/** Passes through the network that a call of the guided denoiser takes: w of 0 and 1 need one of the two predictions only. */
function passesAt(guidance: Guidance | null, timestep: number): 1 | 2 {
  const scale = guidance === null ? 1 : scaleAt(guidance, timestep);
  return scale === 0 || scale === 1 ? 1 : 2;
}

/** Why guidance has no effect on images that are drawn, for people; null: it has. */
export function whyUnguided(
  experiment: GuidedExperiment,
): { readonly of: "model" | "scale" | "interval"; readonly text: string } | null {
  if (experiment.model.num_classes === 0)
    return { of: "model", text: "num_classes is 0, so there are no classes to drive images towards" };
  const guidance = guidanceOf(experiment);
  if (guidance === null) return { of: "scale", text: "guidance is 1, the class as it was learned" };
  const times = new Set(allTimesAsked(experiment.sample, experiment.diffusion.timesteps));
  if ([...times].some((timestep) => scaleAt(guidance, timestep) !== 1)) return null;
  const [from, to] = experiment.sample.guidance_interval;
  const text =
    from > to
      ? `the interval begins at ${from}, above its end ${to}`
      : `none of the ${times.size} timesteps that the sampler visits lies from ${from} to ${to}`;
  return { of: "interval", text };
}

/** Passes through the network that an image takes. */
export const passesPerImage = (experiment: GuidedExperiment): number =>
  passes(experiment, allTimesAsked(experiment.sample, experiment.diffusion.timesteps));

/** Those of one step of its trajectory. */
export const passesOfStep = (
  experiment: GuidedExperiment,
  { timestep, nextTimestep }: Pick<SampleStep, "timestep" | "nextTimestep">,
): number => passes(experiment, timesAsked(experiment.sample.sampler, timestep, nextTimestep));

function passes(experiment: GuidedExperiment, times: readonly number[]): number {
  const guidance = guidanceOf(experiment);
  return times.reduce((sum, timestep) => sum + passesAt(guidance, timestep), 0);
}

/**
 * The network with guidance: without + w (with - without), of its raw outputs. Noise, velocity and image are the same mix of each other in
 * both, so that it does not matter which of them is predicted.
 *
 * The halves are two calls, not one of twice the batch: engines compile a program for each size of batch, which has memory of its own, and
 * outside the interval the single size would be needed as well.
 */
export function guided(denoiser: Denoiser, guidance: Guidance | null): Denoiser {
  if (guidance === null) return denoiser;
  return async (x, timesteps, labels) => {
    const scales = Array.from(timesteps, (timestep) => scaleAt(guidance, timestep));
    const withClass = scales.every((scale) => scale === 0) ? null : await denoiser(x, timesteps, labels);
    if (withClass !== null && scales.every((scale) => scale === 1)) return withClass;
    const without = await denoiser(x, timesteps, new Int32Array(timesteps.length).fill(guidance.noClass));
    if (withClass === null) return without;
    const perImage = x.length / timesteps.length;
    return without.map((value, i) => {
      const scale = scales[Math.floor(i / perImage)]!;
      // The same as value + w (with - value), and exact where w is 0 or 1.
      return scale * withClass[i]! + (1 - scale) * value;
    });
  };
}
