/** What is left of a study to compute, and what that takes on this machine. */
import { stageFacts } from "../../core/cost/stageFacts.ts";
import type { StudyForecast } from "../../core/protocol/study.ts";
import type { StudyFacts } from "../../core/study/cellState.ts";
import type { StudyPlan } from "../../core/study/plan.ts";
import { usableMemory } from "../../node/machine.ts";
import type { Calibration } from "../services.ts";

export function forecastOf(plan: StudyPlan, facts: StudyFacts | null, calibration: Calibration): StudyForecast {
  const left = [...plan.runs.values()].filter(({ id }) => facts?.run(id)?.state !== "finished");
  let seconds: number | null = 0;
  let memoryBytes: number | null = null;
  for (const { experiment, stage, seconds: budget } of left) {
    const took: number | null = budget ?? calibration.estimate(experiment, stage)?.totalSeconds ?? null;
    seconds = seconds === null || took === null ? null : seconds + took;
    const needed = stageFacts(experiment, stage, usableMemory())?.memoryBytes ?? 0;
    memoryBytes = Math.max(memoryBytes ?? 0, needed);
  }
  return { seconds, memoryBytes, diskBytes: null, remaining: left.length };
}
