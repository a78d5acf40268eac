/** The guidance of images, as drawings and evaluations of them record it. Those without any say nothing of it, as before there was any. */
import { type GuidedExperiment, whyUnguided } from "../diffusion/guidance.ts";
import { short } from "../numbers.ts";

export interface GuidanceRecord {
  /** w */
  readonly scale: number;
  /** first and last share of the way from the image to noise that is guided */
  readonly from: number;
  readonly to: number;
}

/** @returns undefined: they are not guided */
export function recordedGuidance(experiment: GuidedExperiment): GuidanceRecord | undefined {
  if (whyUnguided(experiment) !== null) return undefined;
  const { guidance: scale, guidance_interval: interval } = experiment.sample;
  return { scale, from: interval[0], to: interval[1] };
}

/** `guidance 3 from 0.2 to 0.8 of the noise`; "no guidance" */
export function guidanceText(guidance: GuidanceRecord | undefined): string {
  if (guidance === undefined) return "no guidance";
  const { scale, from, to } = guidance;
  return `guidance ${short(scale)}${isEverywhere(guidance) ? "" : ` from ${short(from)} to ${short(to)} of the noise`}`;
}

export const isEverywhere = ({ from, to }: GuidanceRecord): boolean => from === 0 && to === 1;
