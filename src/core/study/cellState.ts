/** Where the cells of a study stand, read off its run folders: nothing else counts as done. */
import { askedClasses } from "../classes/drawnClasses.ts";
import { evaluationsOf } from "../diffusion/timeSteps.ts";
import { isIdle } from "../experiment/idleKeys.ts";
import { isAtWork } from "../run/entry.ts";
import { spaceName } from "../run/evaluationSpaces.ts";
import type { Evaluation } from "../run/evaluations.ts";
import { recordedGuidance } from "../run/guidanceRecord.ts";
import type { ShownState } from "../run/liveness.ts";
import { METRICS } from "./metrics.ts";
import type { Cell, PlannedRun, StudyPlan } from "./plan.ts";
import type { StudyRecord } from "./record.ts";

/** What is known of a run's folder. */
export interface RunFacts {
  readonly state: ShownState | "damaged" | "queued";
  readonly step: number | null;
  readonly totalSteps: number | null;
  /** seconds of training done; null: not known */
  readonly seconds: number | null;
  /** why it ended, where it did not end well */
  readonly reason: string | null;
  readonly evaluations: readonly Evaluation[];
  /** held-out loss at the newest step that it was measured at; null: never */
  readonly heldOut: { readonly step: number; readonly loss: number; readonly error: number | null } | null;
}

/** Whether a training waits in the queue, or a process is at work for it. */
export const isUnderWay = (run: RunFacts | undefined): run is RunFacts =>
  run !== undefined && (run.state === "queued" || isAtWork(run));

export interface StudyFacts {
  /** undefined: there is no such run, nor is it queued */
  readonly run: (id: string) => RunFacts | undefined;
  readonly record: StudyRecord | null;
  /** whether a process works on the study */
  readonly atWork: boolean;
}

/** A training, as what is shown of a cell names it. */
export type RunName = Pick<PlannedRun, "id" | "stage">;

export type CellState =
  /** the configuration cannot be trained */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "waiting" }
  | { readonly kind: "training"; readonly run: RunName; readonly queued: boolean; readonly share: number | null }
  /** a run was stopped or its process is gone; it goes on when the study does */
  | { readonly kind: "paused"; readonly run: RunName }
  | { readonly kind: "evaluating"; readonly run: RunName; readonly share: number | null }
  | { readonly kind: "failed"; readonly run: RunName | null; readonly reason: string }
  | { readonly kind: "given up"; readonly at: number }
  | { readonly kind: "done"; readonly value: number; readonly error: number | null; readonly seconds: number | null };

/** What may still become something else; all others are how a cell ends. */
export const OPEN_STATES = [
  "waiting",
  "training",
  "paused",
  "evaluating",
] as const satisfies readonly CellState["kind"][];

/** Whether a cell is still to be computed. */
export const isOpen = ({ kind }: CellState): boolean => OPEN_STATES.some((open) => open === kind);

export function cellState(cell: Cell, plan: StudyPlan, facts: StudyFacts): CellState {
  const { problems } = plan.configurations[cell.configuration]!;
  if (problems[0] !== undefined || cell.experiment === null) return { kind: "refused", reason: problems[0] ?? "" };
  const givenUp = facts.record?.givenUp[cell.key];
  if (givenUp !== undefined) return { kind: "given up", at: givenUp };
  const { evaluating } = facts.record ?? {};
  if (facts.atWork && evaluating?.cell === cell.key) {
    const run = cell.runs.find(({ id }) => id === evaluating.run) ?? cell.runs.at(-1)!;
    return { kind: "evaluating", run, share: evaluating.done / plan.study.evaluate.samples };
  }
  let seconds: number | null = 0;
  for (const run of cell.runs) {
    const known = facts.run(run.id);
    if (known === undefined) return failure(cell, facts) ?? { kind: "waiting" };
    const unfinished = runState(run, known);
    // Halving measures a training that pauses, which may fail.
    if (unfinished?.kind === "paused") return failure(cell, facts) ?? unfinished;
    if (unfinished !== null) return unfinished;
    seconds = seconds === null || known.seconds === null ? null : seconds + known.seconds;
  }
  const last = cell.runs.at(-1)!;
  const result = cellResult(cell, plan, facts.run(last.id)!);
  if (result !== null) return { kind: "done", ...result, seconds };
  return failure(cell, facts) ?? { kind: "waiting" };
}

function failure(cell: Cell, facts: StudyFacts): CellState | null {
  const failed = facts.record?.failed[cell.key];
  return failed === undefined ? null : { kind: "failed", run: null, reason: failed.message };
}

/** null: it is finished */
function runState(run: PlannedRun, { state, step, totalSteps, reason }: RunFacts): CellState | null {
  const share = step === null || totalSteps === null || totalSteps === 0 ? null : step / totalSteps;
  switch (state) {
    case "finished":
      return null;
    case "queued":
    case "starting":
    case "running":
    case "stopping":
      return { kind: "training", run, queued: state === "queued", share };
    case "stopped":
    case "interrupted":
      return { kind: "paused", run };
    case "failed":
    case "diverged":
    case "damaged":
      return { kind: "failed", run, reason: reason ?? state };
  }
}

/** A cell's metric, with its standard error where it has one; null: it was not measured, or not as the study asks. */
export function cellResult(
  cell: Cell,
  { study }: Pick<StudyPlan, "study">,
  run: Pick<RunFacts, "evaluations" | "heldOut" | "step">,
): { readonly value: number; readonly error: number | null } | null {
  const { of, error } = METRICS[study.metric];
  if (of === null) {
    const { heldOut } = run;
    return heldOut === null || heldOut.step !== run.step ? null : { value: heldOut.loss, error: heldOut.error };
  }
  const evaluation = evaluationOf(cell, { study }, run);
  const value = evaluation && of(evaluation);
  return value == null ? null : { value, error: error?.(evaluation!) ?? null };
}

/** The newest evaluation of a cell's newest weights that was made as the study asks; null: there is none. */
export function evaluationOf(
  { experiment }: Pick<Cell, "experiment">,
  { study }: Pick<StudyPlan, "study">,
  run: Pick<RunFacts, "evaluations" | "step">,
): Evaluation | null {
  if (experiment === null) return null;
  const { sampler, eta, weights, clip } = experiment.sample;
  const { evaluations } = evaluationsOf(experiment.sample, experiment.diffusion.timesteps);
  const { samples, seed, space } = study.evaluate;
  const shown = JSON.stringify([recordedGuidance(experiment), askedClasses(experiment)]);
  const asked = {
    ...{ sampler, samplerSteps: evaluations, eta: isIdle("sample.eta", experiment) ? null : eta },
    ...{ weights, samples, seed, space: spaceName(space) },
  };
  const isAsked = (made: Evaluation): boolean =>
    Object.entries(asked).every(([key, value]) => made[key as keyof typeof asked] === value) &&
    // Evaluations of earlier versions do not say whether predictions were clamped.
    (made.clip ?? clip) === clip &&
    JSON.stringify([made.guidance, made.classes]) === shown;
  return run.evaluations.findLast((made) => made.step === run.step && isAsked(made)) ?? null;
}

/** The same of a cell by the facts of its last training. */
export function cellEvaluation(cell: Cell, plan: StudyPlan, facts: StudyFacts): Evaluation | null {
  const last = cell.runs.at(-1);
  const run = last && facts.run(last.id);
  return run === undefined ? null : evaluationOf(cell, plan, run);
}
