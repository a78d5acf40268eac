/** What `maskdm toy` can be asked for, and what it then does when. */
import * as z from "zod";
import type { Stage } from "../random/streams.ts";
import { TOY_SETS } from "./dataSets.ts";

export const toySettingsSchema = z.strictObject({
  set: z.enum(TOY_SETS),
  /** what both ways may cost, in steps on whole images; a multiple of 4, so that both stages have whole numbers of steps */
  steps: z.number().int().min(4).max(20_000).multipleOf(4),
  /** standard deviation of the points' noise; more would leave nothing of their form */
  noise: z.number().min(0).max(0.5),
  seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
});
export type ToySettings = z.output<typeof toySettingsSchema>;

export const TOY_DEFAULTS: ToySettings = { set: "swiss-roll", steps: 3200, noise: 0.08, seed: 1 };

/** Points that are trained on. */
export const TRAINING_POINTS = 4096;
/** Points that are drawn for a frame, and of the target that they are held against. */
export const DRAWN_POINTS = 800;

/**
 * Steps of each way at the same cost. A token is what costs: a pretraining step shows one of the two of each point, hence costs half
 * as much as one on whole points. Half of the budget goes to pretraining.
 */
export const toyStages = ({ steps }: Pick<ToySettings, "steps">) => ({
  ...{ pretrain: steps, finetune: steps / 2, scratch: steps },
});

/** Parts of the budget, behind each of which points are drawn. */
const PARTS = 20;

/** A moment at which points are drawn. */
export interface ToyMoment {
  /** of either way so far, in steps on whole points */
  readonly budget: number;
  readonly stage: Stage;
  /** of the stage */
  readonly step: number;
}

/** In their order; where pretraining has ended there are two, since its network is then asked for something else. */
export function toyMoments({ steps }: Pick<ToySettings, "steps">): ToyMoment[] {
  const parts = Array.from({ length: PARTS / 2 + 1 }, (_, i) => i / PARTS);
  return [
    ...parts.map((part) => ({ stage: "pretrain" as const, step: Math.round(2 * part * steps) })),
    ...parts.map((part) => ({ stage: "finetune" as const, step: Math.round(part * steps) })),
  ].map((moment) => ({
    ...moment,
    budget: moment.stage === "pretrain" ? moment.step / 2 : steps / 2 + moment.step,
  }));
}
