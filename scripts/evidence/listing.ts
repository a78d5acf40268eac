/** What is to be computed, and about how long it takes: for `--list`. */
import { formatDuration } from "../../src/core/durationText.ts";
import { METRICS } from "../../src/core/study/metrics.ts";
import type { Cell, PlannedRun, StudyPlan } from "../../src/core/study/plan.ts";
import { heldOutPassCount } from "../../src/core/training/heldOutLoss.ts";
import { table } from "../bench/tables.ts";
import type { PreparedStudy } from "./prepare.ts";
import { type Speeds, speedOf } from "./speeds.ts";

/** Processes that start, images that are opened, a checkpoint. */
const AROUND_SECONDS = 4;
/** A training pass is one forward and two backward. */
const PASSES_OF_TRAINING = 3;

export interface Estimate {
  readonly cells: number;
  /** that no study before it computes */
  readonly trainings: number;
  readonly trainingSeconds: number;
  /** measuring and drawing */
  readonly otherSeconds: number;
  /** whether speeds are missing that some of it depends on */
  readonly isPartial: boolean;
}

/** @param seen ids of trainings and keys of cells that were counted; what is new is added */
export function estimate(plan: StudyPlan, speeds: Speeds, seen: Set<string>): Estimate {
  let [trainingSeconds, otherSeconds, trainings, isPartial] = [0, 0, 0, false];
  for (const run of plan.runs.values()) {
    if (seen.has(run.id)) continue;
    seen.add(run.id);
    trainings++;
    otherSeconds += AROUND_SECONDS;
    const speed = speedOf(run, speeds);
    isPartial ||= speed === null;
    const { experiment, stage } = run;
    const steps = run.seconds === null ? experiment[stage].steps : run.seconds / (speed ?? Number.POSITIVE_INFINITY);
    trainingSeconds += run.seconds ?? steps * (speed ?? 0);
    const every = experiment[stage].held_out_every;
    if (every > 0)
      otherSeconds += Math.ceil(steps / every) * heldOutPassCount(Number.POSITIVE_INFINITY) * pass(run, speeds);
  }
  const drawn = METRICS[plan.study.metric].of === null ? [] : plan.cells;
  for (const cell of drawn) {
    if (seen.has(cell.key)) continue;
    seen.add(cell.key);
    otherSeconds += drawing(cell, plan, speeds);
  }
  return { cells: plan.cells.length, trainings, trainingSeconds, otherSeconds, isPartial };
}

function drawing({ experiment, runs }: Cell, { study }: StudyPlan, speeds: Speeds): number {
  const last = runs.at(-1);
  if (last === undefined || experiment === null) return 0;
  return study.evaluate.samples * experiment.sample.steps * pass(last, speeds);
}

/** Seconds of one forward pass on a whole image, from a finetuning's steps; 0: not known. */
function pass({ experiment }: PlannedRun, speeds: Speeds): number {
  const speed = speedOf({ stage: "finetune", experiment }, speeds);
  return speed === null ? 0 : speed / experiment.finetune.batch_size / PASSES_OF_TRAINING;
}

export function listing(studies: readonly PreparedStudy[], speeds: Speeds): string {
  const seen = new Set<string>();
  const rows = studies.map(({ name, loaded }) => ({ name, ...estimate(loaded.plan, speeds, seen) }));
  const sum = (of: (row: Estimate) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const line = (name: string, cells: number, trainings: number, training: number, other: number): string[] => [
    ...[name, String(cells), String(trainings), formatDuration(training), formatDuration(other)],
    formatDuration(training + other),
  ];
  const head = ["study", "cells", "trainings not above", "training", "measuring, drawing", "in all"];
  const body = rows.map((row) => line(row.name, row.cells, row.trainings, row.trainingSeconds, row.otherSeconds));
  const total = line(
    "in all",
    ...([sum(({ cells }) => cells), sum(({ trainings }) => trainings)] as const),
    ...([sum(({ trainingSeconds }) => trainingSeconds), sum(({ otherSeconds }) => otherSeconds)] as const),
  );
  const note = rows.some(({ isPartial }) => isPartial)
    ? "\nNot all speeds are measured yet, so that measuring, drawing and budgets in images are not all counted; --speeds measures them.\n"
    : "";
  return `${table([head, ...body, total])}\n${note}`;
}
