/** Successive halving (Jamieson & Talwalkar 2016): at each rung the configurations that are behind are given up. */
import { type CellState, cellResult, cellState, isOpen, type StudyFacts } from "./cellState.ts";
import { mean } from "./intervals.ts";
import { METRICS } from "./metrics.ts";
import type { Cell, PlannedRun, StudyPlan } from "./plan.ts";
import type { StudyRecord } from "./record.ts";
import { plannedSteps, rungSteps } from "./steps.ts";

/** The rung that a cell reaches next, from 0. */
export function nextRung(cell: Cell, { rungs }: Pick<StudyRecord, "rungs">): number {
  const reached = rungs[cell.key];
  return reached === undefined ? 0 : reached.goesOn ? reached.rung + 1 : reached.rung;
}

/**
 * The rung that a training reaches next. One that goes on for a cell waits for the others that draw from it, so the cell that is least far
 * decides; infinite where none needs the training as its last one that was not given up.
 */
export const nextRungOf = (run: PlannedRun, { cells }: StudyPlan, record: StudyRecord): number =>
  Math.min(
    ...cells
      .filter(({ key, runs }) => runs.at(-1)?.id === run.id && record.givenUp[key] === undefined)
      .map((cell) => nextRung(cell, record)),
  );

/** The step at which a training pauses to be compared; null: it goes to its end. */
export function pauseOf(run: PlannedRun, plan: StudyPlan, record: StudyRecord): number | null {
  if (plan.study.halving === undefined) return null;
  const steps = plannedSteps(run, record);
  return steps === null ? null : (rungSteps(plan, steps)[nextRungOf(run, plan, record)] ?? null);
}

/** What of the record changes; null: nothing. */
export type HalvingChange = Pick<StudyRecord, "rungs" | "givenUp">;

/**
 * Notes which cells have reached a rung and, once all configurations that are on the way to it have, which of them go on. Those that come
 * later, as where an axis was extended, are compared among themselves.
 */
export function halve(plan: StudyPlan, facts: StudyFacts): HalvingChange | null {
  const { halving } = plan.study;
  const { record } = facts;
  if (halving === undefined || record === null) return null;
  const rungs = { ...record.rungs };
  const givenUp = { ...record.givenUp };
  const noted = { ...record, rungs, givenUp };
  const states = new Map(plan.cells.map((cell) => [cell.key, cellState(cell, plan, facts)]));
  for (const cell of plan.cells) {
    const value = reached(cell, plan, facts, states.get(cell.key)!);
    if (value !== undefined) rungs[cell.key] = { rung: nextRung(cell, record), value, goesOn: false };
  }
  for (const [rung, share] of halving.rungs.entries()) {
    const isHere = (cell: Cell): boolean => rungs[cell.key]?.rung === rung && rungs[cell.key]?.goesOn === false;
    const live = plan.cells.filter(({ key }) => givenUp[key] === undefined && isOpen(states.get(key)!));
    if (!live.some(isHere) || live.some((cell) => !isHere(cell) && nextRung(cell, noted) <= rung)) continue;
    const { on, out } = ranked(plan, live.filter(isHere), noted, halving.keep);
    for (const key of on) rungs[key] = { ...rungs[key]!, goesOn: true };
    for (const key of out) givenUp[key] = share;
  }
  const isSame = JSON.stringify([rungs, givenUp]) === JSON.stringify([record.rungs, record.givenUp]);
  return isSame ? null : { rungs, givenUp };
}

/** A cell's metric at a rung that it has just reached; undefined: it has not. */
function reached(cell: Cell, plan: StudyPlan, facts: StudyFacts, state: CellState): number | null | undefined {
  const record = facts.record!;
  const last = cell.runs.at(-1);
  const known = last && facts.run(last.id);
  if (state.kind !== "paused" || last === undefined || state.run.id !== last.id || known === undefined)
    return undefined;
  if (waitsAtRung(cell, record)) return undefined;
  const pause = pauseOf(last, plan, record);
  if (pause === null || known.step === null || known.step < pause) return undefined;
  const result = cellResult(cell, plan, known);
  if (result !== null) return result.value;
  // What is measured while a training runs was measured at some step before.
  return METRICS[plan.study.metric].of === null ? (known.heldOut?.loss ?? null) : undefined;
}

/** Whether a cell has reached a rung and does not go on behind it, at least not yet. */
export const waitsAtRung = ({ key }: Cell, { rungs }: Pick<StudyRecord, "rungs">): boolean =>
  rungs[key]?.goesOn === false;

/** Keys of cells by whether they go on: configurations by their mean over seeds, those of the same cells counted once. */
function ranked(plan: StudyPlan, cells: readonly Cell[], record: StudyRecord, keep: number) {
  const keysOf = new Map<number, string[]>();
  for (const { configuration, key } of cells) keysOf.set(configuration, [...(keysOf.get(configuration) ?? []), key]);
  const distinct = new Map([...keysOf.values()].map((keys) => [keys.join(), keys]));
  const sign = METRICS[plan.study.metric].better === "lower" ? 1 : -1;
  const order = [...distinct.values()]
    .map((keys) => ({ keys, mean: meanOrNull(keys.flatMap((key) => record.rungs[key]?.value ?? [])) }))
    .sort((a, b) => (a.mean === null ? 1 : b.mean === null ? -1 : sign * (a.mean - b.mean)));
  const kept = Math.max(1, Math.floor(order.length * keep));
  const on = new Set(order.slice(0, kept).flatMap(({ keys }) => keys));
  const out = order.slice(kept).flatMap(({ keys }) => keys.filter((key) => !on.has(key)));
  return { on, out };
}

const meanOrNull = (values: readonly number[]): number | null => (values.length === 0 ? null : mean(values));
