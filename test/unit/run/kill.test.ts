import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { latestCheckpoint } from "../../../src/node/run/checkpoints.ts";
import { listRuns } from "../../../src/node/run/list.ts";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import { readCheckpoint } from "../../../src/trainer/run/checkpoint.ts";
import { takeRun } from "../../../src/trainer/run/takenRun.ts";
import { checkpointTensors, newRun } from "./examples.ts";
import { buildProgram, start, temporaryFolder } from "./support.ts";

const KILLS = 25;

test(`a run killed at ${KILLS} random moments while it saves all the time never loses its last good checkpoint`, async () => {
  const folder = temporaryFolder();
  const runsDir = join(folder, "runs");
  const runDir = join(runsDir, "killed");
  mkdirSync(runsDir);
  const program = buildProgram("train.ts", folder);
  let newest = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const trainer = start(process.execPath, [program, runDir]);
    // Some are killed while they start, some at their first checkpoint, most somewhere in the second or third.
    const whileStarting = kill % 5 === 4 && newest > 0;
    if (!whileStarting) await trainer.line(kill % 5 === 3 ? "ready" : "saved");
    await sleep(Math.random() * (whileStarting ? 200 : 60));
    trainer.child.kill("SIGKILL");
    const { stderr } = await trainer.ended;
    const context = `kill ${kill}: ${stderr}`;

    const { checkpoint } = latestCheckpoint(runDir);
    const reported = Math.max(newest, ...trainer.lines.map((line) => Number(line.split(" ")[1])));
    expect(checkpoint?.step ?? 0, context).toBeGreaterThanOrEqual(reported);
    newest = checkpoint?.step ?? 0;
    if (checkpoint !== null) {
      const { tensors } = readCheckpoint(checkpoint.dir, ["raw", "ema", "optimizer"]);
      for (const [set, expected] of Object.entries(checkpointTensors(newest))) {
        expect([...tensors[set as "raw"].values()], context).toEqual(expected);
      }
    }
    expect(listRuns(runsDir), context).toMatchObject([{ id: "killed", state: "interrupted" }]);
    const steps = readRunMetrics(runDir).map(({ step }) => step);
    expect(steps, context).toEqual(Array.from({ length: steps.length }, (_, index) => index + 1));
    expect(steps.length, context).toBeGreaterThanOrEqual(newest);
  }
  expect(newest).toBeGreaterThan(KILLS / 2);

  const taken = await takeRun(runDir);
  expect(taken.checkpoint?.step).toBe(newest);
  const run = taken.begin(newRun(runsDir));
  run.close("stopped");
  const hidden = [runDir, join(runDir, "checkpoints")].flatMap((dir) =>
    readdirSync(dir).filter((name) => name[0] === "."),
  );
  expect(hidden).toEqual([]);
  // The first session made the run; every kill after its "ready" had a session of its own.
  expect(run.record.sessions.length).toBeGreaterThan(KILLS / 2);
  expect(run.record.sessions.filter(({ endedAt }) => endedAt !== undefined)).toHaveLength(1);
});

test("a maker of a run killed early leaves a run or nothing", async () => {
  const folder = temporaryFolder();
  const program = buildProgram("train.ts", folder);
  for (let round = 0; round < 5; round++) {
    const runsDir = join(folder, `runs-${round}`);
    const trainer = start(process.execPath, [program, join(runsDir, "young")]);
    // Killed as soon as anything of the run is there, or a little later.
    while (!existsSync(runsDir)) await sleep(1);
    await sleep(round);
    trainer.child.kill("SIGKILL");
    await trainer.ended;
    for (const { id, state } of listRuns(runsDir)) expect([id, state]).toEqual(["young", "interrupted"]);
  }
});
