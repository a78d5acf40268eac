/** Writes checkpoints and metrics until the disk refuses; prints a JSON summary of how that went. */
import { basename, dirname } from "node:path";
import { UserError } from "../../../../src/core/errors.ts";
import { createRun } from "../../../../src/trainer/run/runFolder.ts";
import { newRun, saveStep, stepMetrics } from "../examples.ts";

const [runDir = "", mode = "checkpoints"] = process.argv.slice(2);
const run = createRun(newRun(dirname(runDir), { id: basename(runDir) }));
let step = 0;
try {
  for (;;) {
    step++;
    run.metrics.append(stepMetrics(step));
    if (mode === "checkpoints") {
      // Every one is larger than the one before, so that a limit on the size of a file is met, too.
      await saveStep(run, step, { keep: 1000, keepEvery: null }, 4096 * step);
    }
  }
} catch (error) {
  const kind = error instanceof UserError ? error.kind : "not a UserError";
  const problems = run.close("failed", (error as Error).message);
  process.stdout.write(`${JSON.stringify({ step, kind, message: (error as Error).message, problems })}\n`);
}
