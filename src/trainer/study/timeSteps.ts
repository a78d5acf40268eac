/** How many steps of a training some seconds are: each of its masks is timed as the loop runs it. */
import * as z from "zod";
import { UserError } from "../../core/errors.ts";
import { parseExperiment } from "../../core/experiment/parse.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { maskPieces } from "../../core/masks/schedule.ts";
import type { Stage } from "../../core/random/streams.ts";
import { stepsWithin } from "../../core/study/steps.ts";
import { StepBench } from "../bench/stepBench.ts";

export const timeRequestSchema = z.object({
  /** YAML of the experiment, overrides written in */
  text: z.string(),
  stage: z.enum(["pretrain", "finetune"]),
  seconds: z.number().positive(),
});

export const timedSchema = z.object({ steps: z.number().int().min(1), secondsPerStep: z.number().positive() });

const WARM_UP_STEPS = 3;
const FIRST_STEPS = 4;
const FURTHER_STEPS = 20;
/** Where steps take long, the first ones will do. */
const MOST_SECONDS = 60;

/** @returns the steps, and what each takes on average */
export async function timeSteps(request: z.output<typeof timeRequestSchema>): Promise<z.output<typeof timedSchema>> {
  const { stage, seconds } = request;
  const parsed = parseExperiment(request.text);
  if (!parsed.ok) throw new UserError(parsed.diagnostics.map(({ message }) => message).join("\n"));
  const { experiment } = parsed;
  const pieces = maskPieces(experiment.mask, stage, experiment[stage].steps);
  const times: number[] = [];
  // The mask of a piece alone, wherever the piece lies once the steps are known.
  for (const piece of pieces) times.push(await medianSeconds(onlyPiece(experiment, stage, piece.config), stage));
  const secondsOf = (steps: number): number =>
    maskPieces(experiment.mask, stage, steps).reduce(
      (sum, { from, until }, i) => sum + Math.max(0, Math.min(until, steps) - from) * times[i]!,
      0,
    );
  const steps = stepsWithin(seconds, secondsOf);
  return { steps, secondsPerStep: secondsOf(steps) / steps };
}

function onlyPiece(
  experiment: Experiment,
  stage: Stage,
  config: ReturnType<typeof maskPieces>[number]["config"],
): Experiment {
  if (stage === "finetune") return experiment;
  const { strategy, rate, blockSize, cellSize, cropSize } = config;
  return {
    ...experiment,
    mask: { ...experiment.mask, strategy, rate, block_size: blockSize, cell_size: cellSize, crop_size: cropSize },
  };
}

async function medianSeconds(experiment: Experiment, stage: Stage): Promise<number> {
  const bench = await StepBench.start(experiment, experiment.engine.backend, { stage, step: 0 });
  try {
    await bench.run(WARM_UP_STEPS);
    const times = await bench.run(FIRST_STEPS);
    const took = times.reduce((sum, step) => sum + step.seconds, 0);
    if ((took / FIRST_STEPS) * FURTHER_STEPS < MOST_SECONDS) times.push(...(await bench.run(FURTHER_STEPS)));
    const seconds = times.map((step) => step.seconds).sort((a, b) => a - b);
    return (seconds[(seconds.length - 1) >> 1]! + seconds[seconds.length >> 1]!) / 2;
  } finally {
    await bench.close();
  }
}
