/** Where a study stands, for people: cells by state, what is at work, what failed, results so far. */
import type { MachineKnowledge } from "../cost/forecast.ts";
import { percent, plural, short } from "../numbers.ts";
import { type CellState, cellState, isOpen, type StudyFacts } from "./cellState.ts";
import { METRICS } from "./metrics.ts";
import type { StudyPlan } from "./plan.ts";
import { timeText } from "./planText.ts";
import { cellName, countsText, studyFailures } from "./progress.ts";
import { type FoldedConfiguration, studyResults } from "./results.ts";
import { plannedSteps } from "./steps.ts";
import { studyTotals } from "./totals.ts";

/** @returns lines without an end of line */
export function statusLines(plan: StudyPlan, facts: StudyFacts, known: MachineKnowledge): string[] {
  const results = studyResults(plan, facts);
  const { title, better } = METRICS[plan.study.metric];
  const { coincidences } = studyTotals(plan);
  return [
    `${countsText(results.counts)}${facts.atWork ? "" : "; nobody works on it"}`,
    ...plan.cells.flatMap((cell) => {
      const text = atWorkText(cellState(cell, plan, facts));
      return text === null ? [] : [`  ${cellName(cell, plan)}: ${text}`];
    }),
    ...studyFailures(plan, facts).map(({ cell, reason }) => `  failed: ${cellName(cell, plan)}: ${reason}`),
    ...coincidences.map(
      ({ configurations }) => `  coincide: ${configurations.map((i) => plan.configurations[i]!.label).join(" = ")}`,
    ),
    ...budgetLines(plan, facts),
    ...leftLines(plan, facts, known),
    "",
    ...table([
      ["CONFIGURATION", "SEEDS", title.toUpperCase(), "95 %", "SD", "SECONDS", ""],
      ...results.configurations.map((folded) => row(folded, plan.seeds.length)),
    ]),
    "",
    `${title}: ${better} is better`,
  ];
}

function atWorkText(state: CellState): string | null {
  const share = "share" in state && state.share !== null ? `, ${percent(state.share)}` : "";
  if (state.kind === "training")
    return state.queued ? `${state.run.stage} is queued` : `${state.run.stage}${share} (${state.run.id})`;
  if (state.kind === "evaluating") return `is evaluated${share}`;
  return state.kind === "paused" ? `paused (${state.run.id})` : null;
}

function row(
  { configuration, n, mean, interval, spread, seconds, standing }: FoldedConfiguration,
  seeds: number,
): string[] {
  const shown = (value: number | null): string => (value === null ? "" : short(value));
  return [
    configuration.label === "" ? "(nothing varies)" : configuration.label,
    `${n}/${seeds}`,
    shown(mean),
    interval === null ? "" : `${short(interval.low)} to ${short(interval.high)}`,
    shown(spread),
    shown(seconds),
    n === 0 || standing === "no result" || standing === "unsure"
      ? ""
      : standing === "not different"
        ? "not different from the best"
        : standing,
  ];
}

/** Seconds that were asked for, and those that the training took. */
function budgetLines(plan: StudyPlan, facts: StudyFacts): string[] {
  return [...plan.runs.values()].flatMap((run) => {
    const known = facts.run(run.id);
    const steps = plannedSteps(run, facts.record);
    if (run.seconds === null || steps === null || known?.state !== "finished" || known.seconds === null) return [];
    return [`  ${run.id}: ${plural(steps, "step")} in ${short(known.seconds)} s of ${short(run.seconds)} s`];
  });
}

/** What the trainings that are left take. */
function leftLines(plan: StudyPlan, facts: StudyFacts, known: MachineKnowledge): string[] {
  const left = plan.cells
    .filter((cell) => isOpen(cellState(cell, plan, facts)))
    .flatMap(({ runs }) => runs)
    .filter(({ id }) => facts.run(id)?.state !== "finished");
  const time = timeText([...new Set(left)], known);
  return time === null ? [] : [`  left: ${time} of training, what is at work counted whole`];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}
