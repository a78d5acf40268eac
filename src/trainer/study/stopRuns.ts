import { existsSync } from "node:fs";
import { join } from "node:path";
import { isUnderWay, type StudyFacts } from "../../core/study/cellState.ts";
import type { StudyPlan } from "../../core/study/plan.ts";
import { readControl, requestStop } from "../../node/run/control.ts";
import { cancelStarted, removeEntry } from "../../node/run/queue.ts";

/**
 * Takes a study's trainings out of the queue, and asks those at work to save and end; to be called until they have.
 * @returns whether all have
 */
export function stopRuns(runsDir: string, plan: StudyPlan, facts: StudyFacts): boolean {
  let isQuiet = true;
  for (const id of plan.runs.keys()) {
    const known = facts.run(id);
    if (!isUnderWay(known)) continue;
    isQuiet = false;
    const dir = join(runsDir, id);
    if (known.state === "queued") removeEntry(runsDir, id);
    else if (!existsSync(dir)) cancelStarted(runsDir, id);
    // A session that begins takes away what was asked before.
    else if (known.state !== "stopping" && readControl(dir) === null) requestStop(dir);
  }
  return isQuiet;
}
