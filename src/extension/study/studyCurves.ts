/** Curves of configurations over their training, from the metrics of their runs. */
import { join } from "node:path";
import type { StepMetrics } from "../../core/run/metrics.ts";
import {
  type CurveAxis,
  type CurveMeasure,
  foldSeeds,
  type SeedCurve,
  seedSeries,
} from "../../core/study/charts/seedCurves.ts";
import type { StudyPlan } from "../../core/study/plan.ts";
import { looksLikeRun } from "../../node/run/list.ts";
import { readRunMetrics } from "../../node/run/metrics.ts";

export function studyCurves(
  { cells }: Pick<StudyPlan, "cells">,
  runsDir: string,
  configurations: readonly number[],
  measure: CurveMeasure,
  axis: CurveAxis,
): SeedCurve[] {
  // Cells share pretraining: each run is read once.
  const read = new Map<string, readonly StepMetrics[]>();
  const metricsOf = (id: string): readonly StepMetrics[] => {
    const known = read.get(id);
    if (known !== undefined) return known;
    const dir = join(runsDir, id);
    const fresh = looksLikeRun(dir) ? readRunMetrics(dir) : [];
    read.set(id, fresh);
    return fresh;
  };
  return configurations.flatMap((row) => {
    const own = cells.filter(({ configuration }) => configuration === row);
    const series = own.map(({ runs }) =>
      seedSeries(
        runs.map(({ id }) => metricsOf(id)),
        measure,
        axis,
      ),
    );
    return foldSeeds(row, series) ?? [];
  });
}
