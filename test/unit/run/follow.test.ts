import { appendFileSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { RunsChange } from "../../../src/core/run/entry.ts";
import { changeAnnotations } from "../../../src/node/run/annotations.ts";
import { enqueueStart } from "../../../src/node/run/enqueue.ts";
import { EVALUATIONS_FILE } from "../../../src/node/run/evaluations.ts";
import { FileTail } from "../../../src/node/run/fileTail.ts";
import { summarizeRun } from "../../../src/node/run/list.ts";
import { claimEntry, failEntry, removeEntry } from "../../../src/node/run/queue.ts";
import { RUN_FILE } from "../../../src/node/run/runFiles.ts";
import { RunsFollower } from "../../../src/node/run/runsFollower.ts";
import { STATUS_FILE } from "../../../src/node/run/status.ts";
import { madeUpEvaluation } from "../../support/evaluations.ts";
import { slowness } from "../../support/slowness.ts";
import { deadProcess, openRun, temporaryFolder } from "./support.ts";

function follower() {
  const changes: RunsChange[] = [];
  const waiting: string[] = [];
  const made = new RunsFollower({
    changed: (change) => changes.push(change),
    waiting: (runsDir) => waiting.push(runsDir),
    failed(error) {
      throw error;
    },
  });
  onTestFinished(() => made.dispose());
  return { follower: made, changes, waiting };
}

async function eventually(holds: () => boolean, milliseconds = 20_000): Promise<number> {
  const begun = Date.now();
  while (!holds()) {
    if (Date.now() - begun > milliseconds) throw new Error(`not within ${milliseconds} ms`);
    await sleep(10);
  }
  return Date.now() - begun;
}

test("1,000 runs are listed within a second, in small steps, and changes are then seen", async () => {
  const runsDir = temporaryFolder();
  const run = openRun(runsDir, { id: "run-0000" });
  run.status.update({ state: "running", step: 1, message: "at work" });
  run.close("finished");
  const copies = Array.from({ length: 999 }, (_, i) => join(runsDir, `run-${String(i + 1).padStart(4, "0")}`));
  for (const copy of copies) await cp(run.dir, copy, { recursive: true });
  const { follower: list, changes } = follower();
  await list.follow([runsDir]);
  expect(list.entries).toHaveLength(1000);

  // The best of some readings: what else the machine does must not count.
  const readings = [];
  for (let i = 0; i < 4; i++) {
    const { follower: another } = follower();
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const begun = performance.now();
    await another.follow([runsDir]);
    readings.push({ milliseconds: performance.now() - begun, longestBlock: delay.max / 1e6 });
    delay.disable();
    another.dispose();
  }
  const slow = slowness();
  expect(Math.min(...readings.map(({ milliseconds }) => milliseconds))).toBeLessThan(1000 * slow);
  expect(Math.min(...readings.map(({ longestBlock }) => longestBlock))).toBeLessThan(50 * slow);

  changes.length = 0;
  await sleep(3200);
  expect(changes, "nothing changed, nothing told").toEqual([]);
  rmSync(copies[500]!, { recursive: true });
  changeAnnotations(copies[600]!, { name: "the good one", archived: true });
  await eventually(
    () => list.get(copies[500]!) === undefined && list.get(copies[600]!)?.label === "the good one",
    20_000,
  );
  expect(changes.flatMap(({ removed }) => removed)).toEqual([copies[500]]);
  expect(changes.flatMap(({ changed }) => changed.map(({ id }) => id))).toEqual(["run-0601"]);
});

test("a run is followed from its first to its last status, and two followers agree", async () => {
  const runsDir = temporaryFolder();
  const followers = [follower(), follower()];
  for (const { follower: list } of followers) await list.follow([runsDir, join(runsDir, "not-there")]);
  const run = openRun(runsDir, { id: "a" });
  const states = () => followers.map(({ follower: list }) => list.get(run.dir)?.state);
  const all = (state: string) => () => states().every((shown) => shown === state);
  await eventually(all("starting"));
  run.status.update({ state: "running" });
  expect(await eventually(all("running"))).toBeLessThan(1000 * slowness());
  run.status.update({ step: 50, message: "half" });
  expect(
    await eventually(() => followers.every(({ follower: f }) => f.get(run.dir)?.status?.step === 50)),
  ).toBeLessThan(1000 * slowness());
  writeFileSync(join(run.dir, RUN_FILE), JSON.stringify({ ...run.record, pid: await deadProcess() }));
  await eventually(all("interrupted"));
  writeFileSync(join(run.dir, RUN_FILE), JSON.stringify(run.record));
  await eventually(all("running"));
  writeFileSync(join(run.dir, RUN_FILE), "{");
  await eventually(all("damaged"));
  expect(followers[0]!.follower.get(run.dir)?.reason).toBe("run.json is not valid JSON");
});

test("what is queued is shown, with its experiment, its parent, and why it did not begin", async () => {
  const runsDir = temporaryFolder();
  const file = join(runsDir, "faces.maskdm.yaml");
  writeFileSync(file, "data:\n  path: images\n");
  const { follower: list, waiting } = follower();
  await list.follow([runsDir]);
  await enqueueStart({ runsDir, experimentFile: file, stage: "finetune", from: "mother", id: "a" });
  const dir = join(runsDir, "a");
  await eventually(() => list.get(dir)?.state === "queued");
  expect(list.get(dir)).toMatchObject({ experimentFile: file, parent: "mother", stage: "finetune", record: null });
  expect(waiting).toContain(runsDir);
  const entry = claimEntry(runsDir, "a", "token")!;
  await eventually(() => list.get(dir)?.state === "starting");
  failEntry(runsDir, entry, "no images");
  await eventually(() => list.get(dir)?.state === "failed");
  expect(list.get(dir)).toMatchObject({ reason: "no images", launchFailed: true });
  removeEntry(runsDir, "a");
  await eventually(() => list.get(dir) === undefined);
});

test("a run's newest evaluation is seen, the first one and those that follow, also a torn one's successor", async () => {
  const runsDir = temporaryFolder();
  const run = openRun(runsDir, { id: "a" });
  run.close("finished");
  const { follower: list, changes } = follower();
  await list.follow([runsDir]);
  expect(list.get(run.dir)?.evaluation).toBeNull();
  const file = join(run.dir, EVALUATIONS_FILE);
  writeFileSync(file, '{"type":"evalu\n');
  // So long ago that the folder's own times say nothing new any more.
  for (const path of [file, run.dir, join(run.dir, STATUS_FILE)]) utimesSync(path, 0, 0);
  await list.look();
  for (const step of [10, 20]) {
    appendFileSync(file, `${JSON.stringify(madeUpEvaluation({ step }))}\n`);
    await eventually(() => list.get(run.dir)?.evaluation?.step === step);
  }
  changes.length = 0;
  await list.look(true);
  expect(changes, "read again, it is the same").toEqual([]);
});

test("a tail gives what is there, what comes within half a second, and says when the file was replaced", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "log.txt");
  let text = "";
  let resets = 0;
  const tail = new FileTail(path, {
    bytes(chunk, reset) {
      if (reset) {
        text = "";
        resets++;
      }
      text += Buffer.from(chunk).toString("utf8");
    },
    failed(error) {
      throw error;
    },
  });
  onTestFinished(() => tail.dispose());
  const long = "0123456789".repeat(100_000);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, long);
  await eventually(() => text === long);
  // The best of some readings: what else the machine does must not count.
  const delays: number[] = [];
  for (let length = long.length + 4; delays.length < 3; length += 4) {
    appendFileSync(path, "more");
    delays.push(await eventually(() => text.length === length));
  }
  expect(text).toBe(`${long}moremoremore`);
  expect(Math.min(...delays)).toBeLessThan(500 * slowness());
  writeFileSync(join(folder, "new"), "other");
  renameSync(join(folder, "new"), path);
  await eventually(() => text === "other");
  writeFileSync(path, "");
  await eventually(() => text === "" && resets === 2);
});

test("a run on a machine whose clock is wrong is shown at work as soon as its heartbeat moves", async () => {
  const runsDir = temporaryFolder();
  const run = openRun(runsDir, { id: "skewed" });
  run.status.update({ state: "running" });
  run.status.abandon();
  writeFileSync(join(run.dir, RUN_FILE), JSON.stringify({ ...run.record, host: "elsewhere" }));
  const beatAt = (time: number) => {
    const status = { formatVersion: 1, ...run.status.current, heartbeat: new Date(time).toISOString() };
    writeFileSync(join(run.dir, STATUS_FILE), JSON.stringify(status));
  };
  const hourAgo = Date.now() - 3_600_000;
  beatAt(hourAgo);
  const { follower: list } = follower();
  await list.follow([runsDir]);
  expect(list.get(run.dir)?.state).toBe("interrupted");
  beatAt(hourAgo + 2000);
  await eventually(() => list.get(run.dir)?.state === "running");

  // Who looks only once goes by the time of the file, too.
  expect(summarizeRun(run.dir).state).toBe("running");
  utimesSync(join(run.dir, STATUS_FILE), 0, 0);
  expect(summarizeRun(run.dir).state).toBe("interrupted");
});
