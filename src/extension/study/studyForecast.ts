/** What is left of a study to train, and what that takes on this machine. */
import { forecastRuns, type MachineKnowledge } from "../../core/cost/forecast.ts";
import type { StudyForecast } from "../../core/protocol/study.ts";
import type { PlannedRun } from "../../core/study/plan.ts";

/** @param left trainings that are not finished */
export function studyForecast(left: readonly PlannedRun[], known: MachineKnowledge): StudyForecast {
  const { seconds, untimed, memoryBytes, diskBytes } = forecastRuns(left, known);
  // Of a budget in seconds the time is known, however many steps it comes to.
  const budgets = left.flatMap((run) => run.seconds ?? []);
  const budget = budgets.reduce((sum, own) => sum + own, 0);
  const byBudget = budgets.length === left.length ? budget : null;
  return {
    seconds: byBudget ?? (untimed > 0 ? null : seconds),
    ...{ memoryBytes, diskBytes, remaining: left.length },
  };
}
