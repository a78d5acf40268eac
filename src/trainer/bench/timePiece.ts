/** Times the steps of one mask of a stage as the loop runs them, wherever in the stage the mask holds. */
import type { Experiment } from "../../core/experiment/schema.ts";
import type { MaskConfig } from "../../core/masks/masks.ts";
import type { Stage } from "../../core/random/streams.ts";
import { autoTakesTorch } from "../../node/torch/keptTorch.ts";
import { StepBench, timedBackend } from "./stepBench.ts";

const WARM_UP_STEPS = 3;
/** Steps that are timed: fewer where they would take longer than MOST_SECONDS, more where they are over in LEAST_SECONDS. */
const TIMED_STEPS = 50;
const LEAST_TIMED_STEPS = 3;
const LEAST_SECONDS = 2;
const MOST_SECONDS = 15;

export interface TimedPiece {
  readonly backend: string;
  /** the mean: what steps are slow now and then counts */
  readonly secondsPerStep: number;
}

/** @throws UserError where the backend is not to be had */
export async function timePiece(experiment: Experiment, stage: Stage, config: MaskConfig): Promise<TimedPiece> {
  const { strategy, rate, blockSize, cellSize, cropSize } = config;
  const sizes = { block_size: blockSize, cell_size: cellSize, crop_size: cropSize };
  const alone = { ...experiment, mask: { ...experiment.mask, strategy, rate, ...sizes } };
  const bench = await StepBench.start(alone, timedBackend(alone, autoTakesTorch()), stage);
  try {
    const warm = mean(await bench.run(WARM_UP_STEPS));
    const most = Math.max(LEAST_TIMED_STEPS, Math.floor(MOST_SECONDS / warm));
    const steps = Math.min(most, Math.max(TIMED_STEPS, Math.ceil(LEAST_SECONDS / warm)));
    return { backend: bench.facts.backend, secondsPerStep: mean(await bench.run(steps)) };
  } finally {
    await bench.close();
  }
}

const mean = (steps: readonly { readonly seconds: number }[]): number =>
  steps.reduce((sum, { seconds }) => sum + seconds, 0) / steps.length;
