/** What a stage does besides its steps, and how often. */
import type { Experiment } from "../experiment/schema.ts";
import type { Stage } from "../random/streams.ts";

export const EVENTS = ["checkpoints", "sampleGrids", "heldOut", "evaluations"] as const;
export type StageEvent = (typeof EVENTS)[number];

/** Whether something that is done every so many steps, and at the last one, is done when a number of steps is; 0: never. */
export const isDue = (step: number, every: number, steps: number): boolean =>
  every > 0 && (step % every === 0 || step === steps);

/** How often that is the case after a number of steps, to the end. */
const timesDue = (step: number, every: number, steps: number): number =>
  every === 0 || step >= steps ? 0 : Math.ceil(steps / every) - Math.floor(step / every);

/** What is still to be done of each kind when a number of steps is done. */
export function eventsLeft(experiment: Experiment, stage: Stage, step: number): Record<StageEvent, number> {
  const { steps, checkpoint_every, sample_every, held_out_every, evaluate_every } = experiment[stage];
  return {
    checkpoints: timesDue(step, checkpoint_every, steps),
    sampleGrids: timesDue(step, sample_every, steps),
    heldOut: experiment.data.holdout > 0 ? timesDue(step, held_out_every, steps) : 0,
    evaluations: timesDue(step, evaluate_every, steps),
  };
}
