/** The tables of runs, as the dashboard exports them. */
import { evaluationsCsv } from "../../core/run/evaluationsCsv.ts";
import { MEASURES } from "../../core/series/columns.ts";
import { chartCsv } from "../../core/series/csv.ts";
import { shownText } from "../../core/shownText.ts";
import { readAnnotations } from "../../node/run/annotations.ts";
import { evaluationsOf } from "../../node/run/evaluations.ts";
import type { RunToExport } from "./exportTensorBoard.ts";
import { MetricsReader } from "./metricsReader.ts";

const labelOf = (dir: string, id: string): string => {
  const annotations = readAnnotations(dir);
  return shownText((annotations.ok ? annotations.value.name : undefined) ?? id);
};

const namesOf = ({ dir, record }: RunToExport) => ({
  id: record.id,
  label: labelOf(dir, record.id),
});

/** A row for each step of each run, in pieces. */
export function metricsTable(runs: readonly RunToExport[]): Generator<string> {
  const read = runs.map((run) => {
    const reader = new MetricsReader(run.dir, run.record);
    reader.look();
    return { ...namesOf(run), columns: reader.columns };
  });
  return chartCsv(read, MEASURES, "step", null);
}

/** A row for each evaluation of each run. */
export const evaluationsTable = (runs: readonly RunToExport[]): string =>
  evaluationsCsv(runs.map((run) => ({ ...namesOf(run), evaluations: evaluationsOf(run.dir) })));
