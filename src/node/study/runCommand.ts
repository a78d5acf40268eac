/** A training of a study as a command line. */
import type { PlannedRun } from "../../core/study/plan.ts";
import type { StudyRecord } from "../../core/study/record.ts";
import { plannedSteps } from "../../core/study/steps.ts";
import { maskdmCommand } from "../shellCommand.ts";

/** What trains it alone, once its parent is there. @param baseFile as the command is to name it */
export function runCommand(run: PlannedRun, baseFile: string, record: Pick<StudyRecord, "settled"> | null): string {
  const from = run.parent ?? run.from;
  const start = from !== null ? ["--from", from] : run.stage === "finetune" ? ["--from-scratch"] : [];
  const steps = run.seconds === null ? null : plannedSteps(run, record);
  const set = run.set.flatMap(({ path, value }) => ["--set", `${path}=${value}`]);
  return maskdmCommand(
    run.stage,
    baseFile,
    "--run",
    run.id,
    ...start,
    ...(steps === null ? [] : ["--steps", String(steps)]),
    ...set,
  );
}
