/** How far a study is. */
import { plural } from "../numbers.ts";
import { type CellState, cellState, OPEN_STATES, type StudyFacts } from "./cellState.ts";
import type { Cell, StudyPlan } from "./plan.ts";

export type CellCounts = Readonly<Record<CellState["kind"], number>>;

/** States by their kind. */
export function countStates(states: readonly CellState[]): CellCounts {
  const counts: Record<CellState["kind"], number> = {
    ...{ refused: 0, waiting: 0, training: 0, paused: 0, evaluating: 0, failed: 0, "given up": 0, done: 0 },
  };
  for (const { kind } of states) counts[kind]++;
  return counts;
}

/** Cells by the kind of their state; cells that coincide count each. */
export const cellCounts = (plan: StudyPlan, facts: StudyFacts): CellCounts =>
  countStates(plan.cells.map((cell) => cellState(cell, plan, facts)));

/** Whether nothing is left to be done: each cell is done, given up, or will not be. */
export const isOver = (counts: CellCounts): boolean => openCount(counts) === 0;

/** Cells that are still to be computed. */
export const openCount = (counts: CellCounts): number => OPEN_STATES.reduce((sum, kind) => sum + counts[kind], 0);

/** "7 of 12 cells are done, 1 failed" */
export function countsText(counts: CellCounts): string {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const shown = (["failed", "refused", "given up", "training", "evaluating", "paused"] as const).filter(
    (kind) => counts[kind] > 0,
  );
  const rest = shown.map((kind) => `, ${counts[kind]} ${WORDS[kind]}`);
  return `${counts.done} of ${plural(all, "cell")} ${counts.done === 1 ? "is" : "are"} done${rest.join("")}`;
}

const WORDS = {
  failed: "failed",
  refused: "cannot be trained",
  "given up": "given up",
  training: "in training",
  evaluating: "being evaluated",
  paused: "paused",
} as const;

/** "rate 0.9, seed 7" */
export const cellName = (
  { configuration, seed }: Cell,
  { configurations }: Pick<StudyPlan, "configurations">,
): string => [configurations[configuration]!.label, `seed ${seed}`].filter((part) => part !== "").join(", ");

/** "finetune · rate 0.9, seed 7"; of a training that cells share the first of them, and how many more there are */
export function trainingName(id: string, plan: Pick<StudyPlan, "cells" | "configurations" | "runs">): string {
  const cells = plan.cells.filter(({ runs }) => runs.some((run) => run.id === id));
  const [first] = cells;
  const stage = plan.runs.get(id)?.stage;
  if (first === undefined || stage === undefined) return id;
  const more = cells.length > 1 ? ` and ${plural(cells.length - 1, "more cell")}` : "";
  return `${stage} · ${cellName(first, plan)}${more}`;
}

/** A cell that failed, and why; of those that failed for one training the first. */
export interface StudyFailure {
  readonly cell: Cell;
  /** of the training that failed; null: the evaluation did, or the start */
  readonly run: string | null;
  readonly reason: string;
}

export function studyFailures(plan: StudyPlan, facts: StudyFacts): StudyFailure[] {
  const found = new Map<string, StudyFailure>();
  for (const cell of plan.cells) {
    const state = cellState(cell, plan, facts);
    if (state.kind !== "failed") continue;
    const key = state.run?.id ?? cell.key;
    if (!found.has(key)) found.set(key, { cell, run: state.run?.id ?? null, reason: state.reason });
  }
  return [...found.values()];
}
