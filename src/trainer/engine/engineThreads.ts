import type { Experiment } from "../../core/experiment/schema.ts";
import { usableCores } from "../../node/machine.ts";

/** Threads of the engine: as asked for, or one for each core. */
export function engineThreads(experiment: Experiment): number {
  return experiment.engine.threads === "auto" ? usableCores() : experiment.engine.threads;
}
