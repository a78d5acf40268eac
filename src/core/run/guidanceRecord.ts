/** The guidance of images, as drawings and evaluations of them record it. Those without any say nothing of it, as before there was any. */
import * as z from "zod";
import { type GuidedExperiment, guidanceOf } from "../diffusion/guidance.ts";
import { short } from "../numbers.ts";

export const guidanceRecord = () =>
  z
    .object({
      scale: z.number().describe("Scale w: 0 is without a class, above 1 more of it."),
      from: z.number().describe("Guided from this share of the way from the image to noise; at all others w is 1."),
      to: z.number().describe("Up to this share."),
    })
    .optional()
    .describe("Classifier-free guidance; missing: none, which is w = 1.");

export type GuidanceRecord = NonNullable<z.output<ReturnType<typeof guidanceRecord>>>;

/** @returns undefined: they are not guided */
export function recordedGuidance(experiment: GuidedExperiment): GuidanceRecord | undefined {
  if (guidanceOf(experiment) === null) return undefined;
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
