/** What is left of a study to compute, and what that takes on this machine. */
import type { StudyForecast } from "../../core/protocol/study.ts";
import type { StudyFacts } from "../../core/study/cellState.ts";
import type { StudyPlan } from "../../core/study/plan.ts";
import type { Calibration } from "../services.ts";

export function forecastOf(plan: StudyPlan, facts: StudyFacts | null, calibration: Calibration): StudyForecast {
  const left = [...plan.runs.values()].filter(({ id }) => facts?.run(id)?.state !== "finished");
  let seconds: number | null = 0;
  let memoryBytes = 0;
  let diskBytes = 0;
  for (const run of left) {
    const forecast = calibration.forecast(run);
    const took: number | null = run.seconds ?? forecast?.time?.totalSeconds ?? null;
    seconds = seconds === null || took === null ? null : seconds + took;
    memoryBytes = Math.max(memoryBytes, forecast?.memoryBytes ?? 0);
    diskBytes += forecast?.disk.total ?? 0;
  }
  return { seconds, memoryBytes, diskBytes, remaining: left.length };
}
