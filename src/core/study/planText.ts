/** What a study comes to, for people, before it starts. */
import { forecastRuns, type MachineKnowledge } from "../cost/forecast.ts";
import { formatDuration } from "../durationText.ts";
import { bytes, count, plural } from "../numbers.ts";
import { STAGE_NAMES } from "../random/streams.ts";
import type { PlannedRun, StudyPlan } from "./plan.ts";
import { settingText, stageSettings } from "./stageSet.ts";
import { studyTotals } from "./totals.ts";

/** @returns lines without an end of line */
export function planLines(plan: StudyPlan, known: MachineKnowledge): string[] {
  const totals = studyTotals(plan);
  const { configurations, seeds, axes } = plan;
  const axesText = axes.map(({ name, points }) => `${name} (${points.length})`).join(" x ");
  return [
    `${plural(totals.cells, "cell")}: ${plural(configurations.length, "configuration")}${axesText === "" ? "" : ` of ${axesText}`}, ${plural(seeds.length, "seed")} each`,
    ...STAGE_NAMES.flatMap((stage) => {
      const own = stageSettings(plan.study).filter((setting) => setting.stage === stage);
      return own.length === 0 ? [] : [`set for ${stage}: ${own.map(settingText).join(", ")}`];
    }),
    ...trainingLines(plan, totals),
    ...totals.coincidences.map(
      ({ configurations: same, why }) =>
        `coincide, and are computed once: ${same.map((index) => configurations[index]!.label).join(" = ")}: ${why}`,
    ),
    ...configurations.flatMap(({ label, problems }) =>
      problems.length === 0 ? [] : [`cannot be trained: ${label === "" ? "" : `${label}: `}${problems.join(" ")}`],
    ),
    ...resourceLines([...plan.runs.values()], known),
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

function resourceLines(runs: readonly PlannedRun[], known: MachineKnowledge): string[] {
  if (runs.length === 0) return [];
  const { memoryBytes, diskBytes } = forecastRuns(runs, known);
  const time = timeText(runs, known);
  return [
    `time of training, one after the other: ${time ?? "not known; `maskdm forecast FILE --measure` finds out how fast this machine is"}`,
    `memory of the largest training: ${bytes(memoryBytes)}; disk: up to ${bytes(diskBytes)}`,
  ];
}

/** What trainings take, evaluations not counted; null: not known. */
export function timeText(runs: readonly PlannedRun[], known: MachineKnowledge): string | null {
  const { seconds, untimed } = forecastRuns(
    runs.filter((run) => run.seconds === null),
    known,
  );
  const budget = runs.reduce((sum, run) => sum + (run.seconds ?? 0), 0);
  if (seconds === null && budget === 0) return null;
  const more = untimed > 0 ? `, and ${plural(untimed, "training")} of which it is not known` : "";
  return `about ${formatDuration((seconds ?? 0) + budget)}${more}`;
}
