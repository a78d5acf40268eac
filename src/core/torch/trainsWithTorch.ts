import type { Experiment } from "../experiment/schema.ts";
import { STAGE_NAMES, type Stage } from "../random/streams.ts";

/** Keys of a stage whose values the PyTorch engine does not train with. */
export const refusedByTorch = (experiment: Experiment, stage: Stage): readonly string[] =>
  experiment[stage].evaluate_every > 0 ? [`${stage}.evaluate_every`] : [];

/**
 * Whether the PyTorch engine trains an experiment.
 * @param autoTakesTorch whether `engine.backend: auto` takes it on this machine, for what it can do
 * @param stages those that are asked about
 */
export const trainsWithTorch = (
  experiment: Experiment,
  autoTakesTorch: boolean,
  stages: readonly Stage[] = STAGE_NAMES,
): boolean =>
  experiment.engine.backend === "torch" ||
  (experiment.engine.backend === "auto" &&
    autoTakesTorch &&
    stages.every((stage) => refusedByTorch(experiment, stage).length === 0));
