import type { Experiment } from "../experiment/schema.ts";
import type { Stage } from "../random/streams.ts";

/** Keys of a stage whose values the PyTorch engine does not train with. */
export const refusedByTorch = (experiment: Experiment, stage: Stage): readonly string[] =>
  experiment[stage].evaluate_every > 0 ? [`${stage}.evaluate_every`] : [];

/**
 * Whether the PyTorch engine trains a stage.
 * @param autoTakesTorch whether `engine.backend: auto` takes it on this machine, for what it can do
 */
export const trainsWithTorch = (experiment: Experiment, stage: Stage, autoTakesTorch: boolean): boolean =>
  experiment.engine.backend === "torch" ||
  (experiment.engine.backend === "auto" && autoTakesTorch && refusedByTorch(experiment, stage).length === 0);
