/** How many steps of a training some seconds are: each of its masks is timed as the loop runs it. */
import * as z from "zod";
import { UserError } from "../../core/errors.ts";
import { parseExperiment } from "../../core/experiment/parse.ts";
import { maskPieces, sumOverSteps } from "../../core/masks/schedule.ts";
import { stepsWithin } from "../../core/study/steps.ts";
import { timePiece } from "../bench/timePiece.ts";

export const timeRequestSchema = z.object({
  /** YAML of the experiment, overrides written in */
  text: z.string(),
  stage: z.enum(["pretrain", "finetune"]),
  seconds: z.number().positive(),
});

export const timedSchema = z.object({ steps: z.number().int().min(1), secondsPerStep: z.number().positive() });

/** @returns the steps, and what each takes on average. @throws UserError where the text is no experiment, or the backend is not to be had */
export async function timeSteps(request: z.output<typeof timeRequestSchema>): Promise<z.output<typeof timedSchema>> {
  const { stage, seconds } = request;
  const parsed = parseExperiment(request.text);
  if (!parsed.ok) throw new UserError(parsed.diagnostics.map(({ message }) => message).join("\n"));
  const { experiment } = parsed;
  const pieces = maskPieces(experiment.mask, stage, experiment[stage].steps);
  const times: number[] = [];
  // Wherever the pieces lie once the steps are known.
  for (const { config } of pieces) times.push((await timePiece(experiment, stage, config)).secondsPerStep);
  const secondsOf = (steps: number): number =>
    sumOverSteps(maskPieces(experiment.mask, stage, steps), 0, steps, (_, i) => times[i]!);
  const steps = stepsWithin(seconds, secondsOf);
  return { steps, secondsPerStep: secondsOf(steps) / steps };
}
