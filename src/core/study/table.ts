/** What a study says, as small plain data with nothing computed left to do: what charts, tables and messages take. */
import type { Axis } from "./axes.ts";
import { type CellState, cellEvaluation, type StudyFacts } from "./cellState.ts";
import { type Interval, mean } from "./intervals.ts";
import type { MetricName } from "./metrics.ts";
import type { StudyPlan } from "./plan.ts";
import { type FoldedConfiguration, isBetter, type PlanOutline, type StatedCell, type StudyResults } from "./results.ts";

export interface TableCell {
  readonly key: string;
  readonly seed: number;
  /** ids of its runs, in the order in which they are trained */
  readonly runs: readonly string[];
  readonly state: CellState["kind"];
  /** of the metric; null: it is not done */
  readonly value: number | null;
  /** standard error of that value itself, where it has one */
  readonly error: number | null;
  /** of training, all stages; null: it is not done, or they are not known */
  readonly seconds: number | null;
  /** why it failed or is refused; at which share of its last stage it was given up; null in other states */
  readonly reason: string | null;
  /** of the work at hand that is done; null: none is at hand */
  readonly share: number | null;
}

/** A configuration, its seeds folded. */
export interface TableRow extends Omit<FoldedConfiguration, "configuration" | "cells"> {
  /** its place among the rows */
  readonly index: number;
  /** the place on each axis */
  readonly points: readonly number[];
  readonly label: string;
  /** seed by seed */
  readonly cells: readonly TableCell[];
  /** shortest and longest training; null: not known */
  readonly secondsRange: Interval | null;
}

export interface StudyTable {
  readonly metric: MetricName;
  readonly axes: readonly Axis[];
  readonly seeds: readonly number[];
  /** in the order of the plan */
  readonly rows: readonly TableRow[];
  /** rows of which no other is better and takes no longer, from the quickest on */
  readonly pareto: readonly number[];
  readonly counts: StudyResults["counts"];
  /** see `kidFloor` */
  readonly floor: number | null;
}

/** @param floor see `kidFloor` */
export function studyTable(
  { axes, seeds }: Pick<PlanOutline, "axes" | "seeds">,
  { metric, pareto, counts, configurations }: StudyResults,
  floor: number | null = null,
): StudyTable {
  const rows = configurations.map(({ configuration, cells, ...folded }): TableRow => {
    const made = cells.map(tableCell);
    const seconds = made.flatMap((cell) => cell.seconds ?? []);
    const secondsRange = seconds.length === 0 ? null : { low: Math.min(...seconds), high: Math.max(...seconds) };
    const { index, points, label } = configuration;
    return { ...folded, index, points, label: label || "the experiment as it is", cells: made, secondsRange };
  });
  return { metric, axes, seeds, rows, pareto, counts, floor };
}

function tableCell({ cell: { key, seed, runs }, state }: StatedCell): TableCell {
  const done = state.kind === "done" ? state : null;
  return {
    ...{ key, seed, runs: runs.map(({ id }) => id), state: state.kind },
    ...{ value: done?.value ?? null, error: done?.error ?? null, seconds: done?.seconds ?? null },
    reason:
      state.kind === "failed" || state.kind === "refused"
        ? state.reason
        : state.kind === "given up"
          ? `given up at ${Math.round(100 * state.at)} % of its last stage`
          : null,
    share: state.kind === "training" || state.kind === "evaluating" ? state.share : null,
  };
}

/** The best first; what has no result comes last, as the plan has it. */
export function rankedRows({ rows, metric }: StudyTable): readonly TableRow[] {
  return [...rows].sort((a, b) => {
    if (a.mean === null || b.mean === null) return Number(a.mean === null) - Number(b.mean === null);
    return a.mean === b.mean ? 0 : isBetter(metric, a.mean, b.mean) ? -1 : 1;
  });
}

/** What KID, to whichever images, comes to by chance alone, mean over the evaluations of the cells; null: the metric is another, or there is none. */
export function kidFloor(plan: StudyPlan, facts: StudyFacts): number | null {
  const { metric } = plan.study;
  if (metric !== "kid" && metric !== "kid_held_out") return null;
  const floors = plan.cells.flatMap((cell) => cellEvaluation(cell, plan, facts)?.kidFloor.value ?? []);
  return floors.length === 0 ? null : mean(floors);
}
