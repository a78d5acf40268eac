/** What a study says so far: seeds folded, configurations compared. */
import { type CellState, cellState, type RunName, type StudyFacts } from "./cellState.ts";
import { bootstrapInterval, differenceInterval, type Interval, mean, standardDeviation } from "./intervals.ts";
import { METRICS, type MetricName } from "./metrics.ts";
import type { Cell, Configuration, StudyPlan } from "./plan.ts";
import { countStates } from "./progress.ts";

/** What of a cell results are shown by. */
export interface ShownCell extends Pick<Cell, "key" | "configuration" | "seed"> {
  readonly runs: readonly RunName[];
}

/** What of a plan results are made of: no experiments, so that it can be sent to a page. */
export interface PlanOutline extends Pick<StudyPlan, "axes" | "seeds" | "configurations"> {
  readonly metric: MetricName;
  readonly cells: readonly ShownCell[];
}

export interface StatedCell {
  readonly cell: ShownCell;
  readonly state: CellState;
}

/** A configuration with its seeds folded. */
export interface FoldedConfiguration {
  readonly configuration: Configuration;
  /** seed by seed */
  readonly cells: readonly StatedCell[];
  /** trainings that are done */
  readonly n: number;
  /** of the metric; null: none is done */
  readonly mean: number | null;
  /** 95 % bootstrap interval of the mean; null for fewer than two */
  readonly interval: Interval | null;
  /** standard deviation over seeds; null for fewer than two */
  readonly spread: number | null;
  /** mean seconds of training, all stages; null: not known */
  readonly seconds: number | null;
  /** its metric less that of the best, over the seeds that both have; null: it is the best, or they share fewer than two */
  readonly toBest: (Interval & { readonly mean: number; readonly n: number }) | null;
  /** how it stands to the best one; unsure: fewer than two seeds in common. Not different: the interval of the difference holds 0 */
  readonly standing: "best" | "not different" | "worse" | "unsure" | "no result";
}

export interface StudyResults {
  readonly metric: MetricName;
  /** in the order of the plan */
  readonly configurations: readonly FoldedConfiguration[];
  /** indices of configurations of which no other is better and takes no longer, from the quickest on */
  readonly pareto: readonly number[];
  /** cells by the kind of their state */
  readonly counts: Readonly<Record<CellState["kind"], number>>;
}

export function planOutline({ axes, seeds, configurations, cells, study: { metric } }: StudyPlan): PlanOutline {
  const shown = cells.map(({ key, configuration, seed, runs }) => ({
    ...{ key, configuration, seed },
    runs: runs.map(({ id, stage }) => ({ id, stage })),
  }));
  return { axes, seeds, configurations, metric, cells: shown };
}

export const studyResults = (plan: StudyPlan, facts: StudyFacts): StudyResults =>
  foldedResults(
    planOutline(plan),
    plan.cells.map((cell) => cellState(cell, plan, facts)),
  );

/** @param states of the cells, in their order */
export function foldedResults(plan: PlanOutline, states: readonly CellState[]): StudyResults {
  const stated = plan.cells.map((cell, i): StatedCell => ({ cell, state: states[i]! }));
  const counts = countStates(states);
  const { metric } = plan;
  const folded = plan.configurations.map((configuration) =>
    fold(
      configuration,
      stated.filter(({ cell }) => cell.configuration === configuration.index),
    ),
  );
  const best = bestOf(folded, metric);
  const configurations = folded.map((own) => ({ ...own, ...comparison(own, best, metric) }));
  return { metric, configurations, pareto: paretoFront(configurations, metric), counts };
}

type Folded = Omit<FoldedConfiguration, "toBest" | "standing">;

function fold(configuration: Configuration, cells: readonly StatedCell[]): Folded {
  const done = cells.flatMap(({ state }) => (state.kind === "done" ? [state] : []));
  const values = done.map(({ value }) => value);
  const seconds = done.flatMap((state) => state.seconds ?? []);
  return {
    ...{ configuration, cells, n: values.length, interval: bootstrapInterval(values) },
    mean: values.length === 0 ? null : mean(values),
    spread: standardDeviation(values),
    seconds: seconds.length === 0 ? null : mean(seconds),
  };
}

/** Whether a value of a metric is better than another. */
export const isBetter = (metric: MetricName, value: number, other: number): boolean =>
  METRICS[metric].better === "lower" ? value < other : value > other;

/** With the most seeds first: one lucky training is no winner while others have three. */
function bestOf(folded: readonly Folded[], metric: MetricName): Folded | null {
  const most = Math.max(0, ...folded.map(({ n }) => n));
  return folded
    .filter(({ n }) => n === most && most > 0)
    .reduce<Folded | null>(
      (best, own) => (best === null || isBetter(metric, own.mean!, best.mean!) ? own : best),
      null,
    );
}

function comparison(
  own: Folded,
  best: Folded | null,
  metric: MetricName,
): Pick<FoldedConfiguration, "toBest" | "standing"> {
  if (own.mean === null || best === null) return { toBest: null, standing: "no result" };
  if (own === best) return { toBest: null, standing: "best" };
  const difference = pairedDifference(own, best);
  if (difference === null) return { toBest: null, standing: "unsure" };
  const { low, high } = difference;
  if (low <= 0 && high >= 0) return { toBest: difference, standing: "not different" };
  // On the seeds that they share it may be the better one.
  const isWorse = METRICS[metric].better === "lower" ? low > 0 : high < 0;
  return { toBest: difference, standing: isWorse ? "worse" : "unsure" };
}

/** Of the metric, seed by seed, the first less the second; null for fewer than two seeds that both have. */
function pairedDifference(
  { cells }: Pick<Folded, "cells">,
  other: Pick<Folded, "cells">,
): FoldedConfiguration["toBest"] {
  const values = new Map(other.cells.map(({ cell, state }) => [cell.seed, state]));
  const differences = cells.flatMap(({ cell, state }) => {
    const paired = values.get(cell.seed);
    return state.kind === "done" && paired?.kind === "done" ? [state.value - paired.value] : [];
  });
  const interval = differenceInterval(differences);
  return interval && { ...interval, n: differences.length };
}

function paretoFront(folded: readonly Folded[], metric: MetricName): number[] {
  const placed = folded
    .flatMap(({ configuration, mean: value, seconds }) =>
      value === null || seconds === null ? [] : [{ index: configuration.index, value, seconds }],
    )
    .sort((a, b) => a.seconds - b.seconds || (isBetter(metric, a.value, b.value) ? -1 : 1));
  const front: number[] = [];
  let best: number | null = null;
  for (const { index, value } of placed) {
    if (best !== null && !isBetter(metric, value, best)) continue;
    best = value;
    front.push(index);
  }
  return front;
}
