import type { Experiment } from "../experiment/schema.ts";

/** Whether the PyTorch engine trains an experiment. @param autoTakesTorch whether `engine.backend: auto` takes it on this machine */
export const trainsWithTorch = ({ engine }: Pick<Experiment, "engine">, autoTakesTorch: boolean): boolean =>
  engine.backend === "torch" || (engine.backend === "auto" && autoTakesTorch);
