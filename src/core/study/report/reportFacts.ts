/** What a report says of a study's evaluations, trainings and machines. */
import { stageFacts } from "../../cost/stageFacts.ts";
import { sumOverSteps } from "../../masks/schedule.ts";
import { bytes, plural } from "../../numbers.ts";
import type { Evaluation } from "../../run/evaluations.ts";
import { frechetName } from "../../run/evaluationText.ts";
import { guidanceText } from "../../run/guidanceRecord.ts";
import type { RunRecord } from "../../run/record.ts";
import { cellEvaluation, type StudyFacts } from "../cellState.ts";
import { mean } from "../intervals.ts";
import { METRICS } from "../metrics.ts";
import type { PlannedRun, StudyPlan } from "../plan.ts";
import type { EvaluationFacts, ReportedRun } from "./studyReport.ts";

/** null: nothing was evaluated */
export function evaluationFacts(plan: StudyPlan, facts: StudyFacts): EvaluationFacts | null {
  const all = plan.cells.flatMap((cell) => cellEvaluation(cell, plan, facts) ?? []);
  const [first] = all;
  if (first === undefined) return null;
  const { space, trainingImages, heldOutImages, kidFloor } = first;
  const { error } = METRICS[plan.study.metric];
  const errors = all.flatMap((evaluation) => error?.(evaluation) ?? []);
  return {
    ...{ space, trainingImages, heldOutImages, floorAgainst: kidFloor.against, frechetName: frechetName(first) },
    drawnBy: [...new Set(all.map(drawnBy))].join(", or "),
    error: errors.length === 0 ? null : mean(errors),
  };
}

const drawnBy = ({ sampler, samplerSteps, guidance, weights }: Evaluation): string =>
  `${sampler} with ${plural(samplerSteps, "step")}${guidance === undefined ? "" : `, ${guidanceText(guidance)}`}, ${weights === "ema" ? "averaged weights" : "weights not averaged"}`;

/** @param command that does the training alone */
export function reportedRun({ id, stage, experiment }: PlannedRun, facts: StudyFacts, command: string): ReportedRun {
  const { step = null, seconds = null } = facts.run(id) ?? {};
  const pieces = stageFacts(experiment, stage, null)?.pieces;
  // Of a budget in seconds the steps are others than the experiment's.
  const flops =
    step === null || pieces === undefined ? null : sumOverSteps(pieces, 0, step, ({ flopsPerStep }) => flopsPerStep);
  return { id, stage, steps: step, seconds, flops, command };
}

/** "a processor, 8 cores, 16 GiB, linux x64, backend native" */
export const machineText = ({ machine, platform, backend }: RunRecord): string =>
  [
    ...(machine === undefined ? [] : [machine.cpu, plural(machine.cores, "core"), bytes(machine.memoryBytes)]),
    ...[platform, `backend ${backend}`],
  ].join(", ");

/** "maskdm 0.1.0, node 20.1.0" */
export const softwareText = ({ versions }: RunRecord): string =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
