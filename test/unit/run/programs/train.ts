/**
 * Stands for a training loop: opens the run named (makes it if need be) and saves a small checkpoint at every step until it is
 * asked to stop. Prints "ready STEP" at the start and "saved STEP" after each checkpoint.
 */
import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { readCheckpoint } from "../../../../src/trainer/run/checkpoint.ts";
import { createRun } from "../../../../src/trainer/run/runFolder.ts";
import { takeRun } from "../../../../src/trainer/run/takenRun.ts";
import { newRun, saveStep, stepMetrics } from "../examples.ts";

const [runDir = "", pauseMs = "0"] = process.argv.slice(2);
const request = newRun(dirname(runDir), { id: basename(runDir) });
const taken = existsSync(runDir) ? await takeRun(runDir) : null;
const run = taken === null ? createRun(request) : taken.begin(request);
const checkpoint = taken?.checkpoint ?? null;
let step = checkpoint?.step ?? 0;
if (checkpoint !== null) readCheckpoint(checkpoint.dir, ["raw", "ema", "optimizer"]);
process.stdout.write(`ready ${step}\n`);
run.status.update({ state: "running" });
while (!run.stopRequested()) {
  step++;
  run.metrics.append(stepMetrics(step));
  await saveStep(run, step, { keep: 3, keepEvery: 10 });
  run.status.update({ step, imagesSeen: 32 * step, loss: 1 / step });
  process.stdout.write(`saved ${step}\n`);
  await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
}
run.status.update({ state: "stopping" });
run.close("stopped");
