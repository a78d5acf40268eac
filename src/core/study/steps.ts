/** Steps of a study's trainings: those that a budget in seconds comes to, and those at which halving compares. */
import type { PlannedRun, StudyPlan } from "./plan.ts";
import type { StudyRecord } from "./record.ts";

export type Settled = StudyRecord["settled"][string];

/** Optimiser steps of a training; null: a budget in seconds that is not settled yet. */
export const plannedSteps = (run: PlannedRun, record: Pick<StudyRecord, "settled"> | null): number | null =>
  run.seconds === null ? run.experiment[run.stage].steps : (record?.settled[run.id]?.steps ?? null);

/**
 * What was settled for the same training with another seed: seeds differ in nothing else, the steps included.
 * @returns null where none was
 */
export function settledAlike(
  run: PlannedRun,
  { runs }: Pick<StudyPlan, "runs">,
  record: Pick<StudyRecord, "settled">,
): Settled | null {
  const own = timedAs(run);
  const alike = [...runs.values()].find((other) => record.settled[other.id] !== undefined && timedAs(other) === own);
  return alike === undefined ? null : record.settled[alike.id]!;
}

const timedAs = ({ stage, seconds, experiment }: PlannedRun): string =>
  JSON.stringify([stage, seconds, { ...experiment, seed: 0, sample: null }]);

/**
 * The most steps that take no longer than some time, at least one.
 * @param secondsOf what a number of steps takes; grows with it
 */
export function stepsWithin(seconds: number, secondsOf: (steps: number) => number): number {
  let low = 1;
  let high = 2;
  while (high < MOST_STEPS && secondsOf(high) <= seconds) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (secondsOf(middle) <= seconds) low = middle;
    else high = middle;
  }
  return low;
}

const MOST_STEPS = 1_000_000_000;

/** The steps of a last stage at which halving compares, ascending; one that falls on the last step, or on another, is none. */
export function rungSteps({ study }: Pick<StudyPlan, "study">, steps: number): number[] {
  const all = (study.halving?.rungs ?? []).map((share) => Math.max(1, Math.round(share * steps)));
  return [...new Set(all)].filter((step) => step < steps).sort((a, b) => a - b);
}
