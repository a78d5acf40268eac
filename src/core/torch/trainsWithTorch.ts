import type { Experiment } from "../experiment/schema.ts";

/**
 * Whether the PyTorch engine trains an experiment.
 * @param autoTakesTorch whether `engine.backend: auto` takes it on this machine
 */
export const trainsWithTorch = ({ engine: { backend } }: Experiment, autoTakesTorch: boolean): boolean =>
  backend === "torch" || (backend === "auto" && autoTakesTorch);
