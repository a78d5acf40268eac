import type { StepMetrics } from "../../run/metrics.ts";
import { CURVE_MEASURES, type CurveAxis, foldSeeds, seedSeries } from "../charts/seedCurves.ts";
import { rankedRows, type StudyTable } from "../table.ts";
import type { CurveFigure } from "./studyReport.ts";

/** Lines that can be told apart in one chart. */
const MOST_CURVES = 6;

/**
 * Charts of the best configurations, and of the last one, over the trainings that are done; none of measures that have no curve.
 * @param stepsOf lines of metrics of a run by its id, ascending; asked again and again
 */
export function curveFigures(
  table: StudyTable,
  axis: CurveAxis,
  stepsOf: (run: string) => readonly StepMetrics[],
): CurveFigure[] {
  const known = rankedRows(table).filter(({ mean }) => mean !== null);
  const chosen = known.length <= MOST_CURVES ? known : [...known.slice(0, MOST_CURVES - 1), known.at(-1)!];
  return CURVE_MEASURES.flatMap((measure): CurveFigure[] => {
    const curves = chosen.flatMap(({ index, cells }) => {
      const done = cells.filter(({ state }) => state === "done");
      const series = done.map(({ runs }) => seedSeries(runs.map(stepsOf), measure, axis));
      return foldSeeds(index, series) ?? [];
    });
    // One point is no curve.
    return curves.some(({ xs }) => xs.length > 1) ? [{ measure, axis, curves }] : [];
  });
}
