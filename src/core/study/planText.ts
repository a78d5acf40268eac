/** What a study comes to, for people, before it starts. */
import { stageFacts } from "../cost/stageFacts.ts";
import { formatDuration } from "../durationText.ts";
import { bytes, count, plural } from "../numbers.ts";
import type { StudyPlan } from "./plan.ts";
import { studyTotals } from "./totals.ts";

/** Bytes of a checkpoint for each parameter: weights, averages and two moments. */
const CHECKPOINT_BYTES = 16;

/**
 * @param machineBytes memory of the machine; null: not known
 * @returns lines without an end of line
 */
export function planLines(plan: StudyPlan, machineBytes: number | null): string[] {
  const totals = studyTotals(plan);
  const { configurations, seeds, axes } = plan;
  const axesText = axes.map(({ name, points }) => `${name} (${points.length})`).join(" x ");
  return [
    `${plural(totals.cells, "cell")}: ${plural(configurations.length, "configuration")}${axesText === "" ? "" : ` of ${axesText}`}, ${plural(seeds.length, "seed")} each`,
    ...trainingLines(plan, totals),
    ...totals.coincidences.map(
      ({ configurations: same, why }) =>
        `coincide, and are computed once: ${same.map((index) => configurations[index]!.label).join(" = ")}: ${why}`,
    ),
    ...configurations.flatMap(({ label, problems }) =>
      problems.length === 0 ? [] : [`cannot be trained: ${label === "" ? "" : `${label}: `}${problems.join(" ")}`],
    ),
    ...resourceLines(plan, machineBytes),
  ];
}

function trainingLines(plan: StudyPlan, totals: ReturnType<typeof studyTotals>): string[] {
  const { trainings, pretrainings, sharedPretrainings, unshared } = totals;
  const finetunings = trainings - pretrainings;
  const parts = [
    ...(pretrainings > 0 ? [`${count(pretrainings)} of pretraining`] : []),
    ...(finetunings > 0 ? [`${count(finetunings)} of finetuning`] : []),
  ];
  const shared =
    unshared > trainings
      ? `; ${count(unshared - trainings)} more if nothing were shared${sharedPretrainings > 0 ? `, as ${plural(sharedPretrainings, "pretraining")} ${sharedPretrainings === 1 ? "is" : "are"} started from more than once` : ""}`
      : "";
  const runs = [...plan.runs.values()];
  const seconds = runs.reduce((sum, run) => sum + (run.seconds ?? 0), 0);
  const steps = runs.reduce(
    (sum, { seconds: budget, experiment, stage }) => sum + (budget === null ? experiment[stage].steps : 0),
    0,
  );
  return [
    `${plural(trainings, "training")}: ${parts.join(", ")}${shared}`,
    ...(steps > 0 ? [`${plural(steps, "step")} in all`] : []),
    ...(seconds > 0
      ? [`${formatDuration(seconds)} of training in all; how many steps that is, is timed before each begins`]
      : []),
  ];
}

function resourceLines({ runs }: StudyPlan, machineBytes: number | null): string[] {
  const facts = [...runs.values()].flatMap(({ experiment, stage }) => {
    const known = stageFacts(experiment, stage, machineBytes);
    return known === null ? [] : [{ ...known, kept: experiment[stage].keep_checkpoints }];
  });
  if (facts.length === 0) return [];
  const disk = facts.reduce((sum, { parameters, kept }) => sum + CHECKPOINT_BYTES * parameters * kept, 0);
  return [
    `memory of the largest training: ${bytes(Math.max(...facts.map(({ memoryBytes }) => memoryBytes)))}; disk for checkpoints: up to ${bytes(disk)}`,
  ];
}
