/** What a study says of its first axis: every point against the first, once for each combination of the other axes. */
import { pointText } from "../../src/core/study/axes.ts";
import type { StudyFacts } from "../../src/core/study/cellState.ts";
import { differenceInterval, type Interval } from "../../src/core/study/intervals.ts";
import { METRIC_NAMES, METRICS, type MetricName } from "../../src/core/study/metrics.ts";
import type { StudyPlan } from "../../src/core/study/plan.ts";
import { studyResults } from "../../src/core/study/results.ts";
import { type StudyTable, studyTable, type TableRow } from "../../src/core/study/table.ts";

/** One comparison: a plan of the first axis alone. */
export interface Group {
  /** "seconds 60"; empty: there is one group */
  readonly label: string;
  /** place on each of the other axes */
  readonly points: readonly number[];
  readonly plan: StudyPlan;
}

const WORDS: Readonly<Record<string, string>> = {
  "pretrain 0": "from scratch",
  "rate 0": "pretrained on whole images",
};

const inWords = (label: string): string =>
  label
    .split(", ")
    .map((part) => WORDS[part] ?? part)
    .join(", ");

/**
 * In the order of the plan.
 * @param names of the points of the first axis; without them a point is named by its keys
 */
export function groupsOf(plan: StudyPlan, names: readonly string[] = []): Group[] {
  const [compared, ...others] = plan.axes;
  const groups = new Map<string, Group>();
  for (const { points } of plan.configurations) {
    const place = points.slice(1);
    if (groups.has(place.join())) continue;
    const own = plan.configurations.filter((one) => one.points.slice(1).join() === place.join());
    const configurations = own.map((one, index) => {
      const label = compared === undefined ? one.label : pointText(compared, compared.points[one.points[0]!]!);
      return { ...one, index, points: one.points.slice(0, 1), label: names[one.points[0]!] ?? inWords(label) };
    });
    const cells = plan.cells.flatMap((cell) => {
      const index = own.findIndex((one) => one.index === cell.configuration);
      return index === -1 ? [] : [{ ...cell, configuration: index }];
    });
    groups.set(place.join(), {
      label: others.map((axis, i) => pointText(axis, axis.points[place[i]!]!)).join(", "),
      points: place,
      plan: { ...plan, axes: plan.axes.slice(0, 1), configurations, cells },
    });
  }
  return [...groups.values()];
}

/** By any metric, whichever the study compares by. */
export function tableOf(plan: StudyPlan, facts: StudyFacts, metric: MetricName = plan.study.metric): StudyTable {
  const own = { ...plan, study: { ...plan.study, metric } };
  return studyTable(own, studyResults(own, facts));
}

/** Metrics that any cell has, the study's own first. */
export function measuredMetrics(plan: StudyPlan, facts: StudyFacts): MetricName[] {
  const own = plan.study.metric;
  const others = METRIC_NAMES.filter((name) => name !== own);
  return [own, ...others.filter((name) => tableOf(plan, facts, name).rows.some(({ n }) => n > 0))];
}

export interface Difference extends Interval {
  readonly mean: number;
  /** seeds that both have */
  readonly n: number;
}

/** Of a row to the baseline, seed by seed; null: it is the baseline, or they share fewer than two seeds. */
export function differenceTo(baseline: TableRow, row: TableRow): Difference | null {
  if (row.index === baseline.index) return null;
  const values = new Map(baseline.cells.map(({ seed, value }) => [seed, value]));
  const differences = row.cells.flatMap(({ seed, value }) => {
    const other = values.get(seed) ?? null;
    return value === null || other === null ? [] : [value - other];
  });
  const interval = differenceInterval(differences);
  return interval && { ...interval, n: differences.length };
}

export function verdict(baseline: TableRow, row: TableRow, metric: MetricName): string {
  if (row.index === baseline.index) return "baseline";
  if (row.mean === null) return "missing";
  const difference = differenceTo(baseline, row);
  if (difference === null) return "too few seeds";
  if (difference.low <= 0 && difference.high >= 0) return "not told apart";
  return difference.high < 0 === (METRICS[metric].better === "lower") ? "**better**" : "worse";
}
