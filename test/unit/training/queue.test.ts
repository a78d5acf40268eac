import { existsSync, writeFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { summarizeRun } from "../../../src/node/run/list.ts";
import { lockHolder } from "../../../src/node/run/lock.ts";
import { currentLock } from "../../../src/node/run/lockFiles.ts";
import { checkProcess } from "../../../src/node/run/process.ts";
import { queueFolder, readEntry, readQueue } from "../../../src/node/run/queue.ts";
import { QUICK, recordOf, sleep, statusOf, tinyExperiment, until, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
beforeAll(() => writeImages(shop.path("images"), { count: 24, size: 8 }));

/** Long enough to be met at work. */
const LONG = { ...QUICK, steps: 100_000, checkpoint_every: 1000, log_every: 500 };

const inRuns = (name: string) => ["--runs-dir", name];
const entries = (runsDir: string) => readQueue(shop.path(runsDir)).map(({ entry, state }) => `${entry.id} ${state}`);
const isRunning = (dir: string) => existsSync(dir) && summarizeRun(dir).state === "running";
const workerOf = (runsDir: string) => lockHolder(queueFolder(shop.path(runsDir)));

test("runs begin one after another, a finetune after the run it starts from, with the texts as they were queued", async () => {
  const runs = shop.path("ordered");
  const file = shop.experiment("ordered", tinyExperiment({ pretrain: QUICK, finetune: QUICK }));
  const add = (...args: string[]) => shop.succeed("queue", "add", ...args, ...inRuns("ordered"));
  const pretrain = await add(file, "--stage", "pretrain", "--run", "a", "--no-work");
  expect(pretrain.out.trim()).toBe(`${runs}/a`);
  await add(file, "--stage", "finetune", "--from", "a", "--run", "b", "--no-work", "--set", "finetune.steps=10");
  shop.experiment("ordered", tinyExperiment({ pretrain: { ...QUICK, steps: 7 } }));
  expect(entries("ordered")).toEqual(["a waiting", "b waiting"]);
  await shop.succeed("queue", "limit", "2", ...inRuns("ordered"));
  await shop.succeed("queue", "work", ...inRuns("ordered"));
  expect(entries("ordered")).toEqual([]);
  expect(statusOf(`${runs}/a`)).toMatchObject({ state: "finished", step: 30 });
  expect(statusOf(`${runs}/b`)).toMatchObject({ state: "finished", step: 10 });
  expect(recordOf(`${runs}/b`).parent).toMatchObject({ run: "a", step: 30 });
  expect(recordOf(`${runs}/b`).createdAt >= recordOf(`${runs}/a`).sessions[0]!.endedAt!).toBe(true);
  expect(workerOf("ordered").held).toBe(false);
});

test("two workers race, a worker is killed, its runs live on, and the next one goes on where it was", async () => {
  const runs = shop.path("killed");
  const file = shop.experiment("killed", tinyExperiment({ pretrain: LONG }));
  for (const id of ["a", "b", "c"]) {
    await shop.succeed("queue", "add", file, "--stage", "pretrain", "--run", id, "--no-work", ...inRuns("killed"));
  }
  await shop.succeed("queue", "limit", "2", ...inRuns("killed"));
  const workers = [1, 2].map(() => shop.start(["queue", "work", ...inRuns("killed")]));
  await until("two runs at work", () => ["a", "b"].every((id) => isRunning(`${runs}/${id}`)));
  const other = await Promise.race(workers.map(({ ended }) => ended));
  expect(other).toMatchObject({ exitCode: 0 });
  expect(other.err).toContain("another process works this queue already");
  expect(entries("killed")).toEqual(["a started", "b started", "c waiting"]);

  process.kill(currentLock(queueFolder(runs))!.pid, "SIGKILL");
  await Promise.all(workers.map(({ ended }) => ended));
  expect(workerOf("killed").held).toBe(false);
  const before = statusOf(`${runs}/a`).step;
  const next = shop.start(["queue", "work", ...inRuns("killed")]);
  await until("run a going on", () => statusOf(`${runs}/a`).step > before);
  await sleep(1000);
  expect(entries("killed"), "the limit holds for adopted runs, too").toEqual(["a started", "b started", "c waiting"]);

  for (const id of ["a", "b"]) await shop.succeed("stop", `${runs}/${id}`, "--wait");
  await until("the third run at work", () => isRunning(`${runs}/c`));
  await shop.succeed("stop", `${runs}/c`, "--wait");
  expect(await next.ended).toMatchObject({ exitCode: 0 });
  expect(entries("killed")).toEqual([]);
  for (const id of ["a", "b", "c"]) expect(recordOf(`${runs}/${id}`).sessions).toHaveLength(1);
});

test("runs that other machines compute begin beside those that the limit is for", async () => {
  const runs = shop.path("elsewhere");
  const here = shop.experiment("here", tinyExperiment({ pretrain: LONG }));
  // Nobody is there; what begins ends with that.
  const compute = { target: "ray", address: "http://127.0.0.1:9" } as const;
  const there = shop.experiment("there", tinyExperiment({ engine: { backend: "torch" }, compute, pretrain: QUICK }));
  const add = (file: string, id: string) =>
    shop.succeed("queue", "add", file, "--stage", "pretrain", "--run", id, "--no-work", ...inRuns("elsewhere"));
  for (const [file, id] of [
    [here, "a"],
    [here, "b"],
    [there, "c"],
    [there, "d"],
  ] as const)
    await add(file, id);
  const worker = shop.start(["queue", "work", ...inRuns("elsewhere")]);
  await until("a run at work", () => isRunning(`${runs}/a`));
  await until("both to have begun", () => readQueue(runs).filter(({ state }) => state === "failed").length === 2);
  expect(entries("elsewhere")).toEqual(["a started", "b waiting", "c failed", "d failed"]);
  expect(readEntry(runs, "c", "failed")?.failure?.message).toMatch(
    /^No Ray cluster answers at http:\/\/127\.0\.0\.1:9 /,
  );
  await shop.succeed("queue", "remove", "b", ...inRuns("elsewhere"));
  await shop.succeed("stop", `${runs}/a`, "--wait");
  expect(await worker.ended).toMatchObject({ exitCode: 0 });
});

test("an entry whose worker died before the run began waits again, and its old process gives up", async () => {
  const runs = shop.path("orphan");
  const file = shop.experiment("orphan", tinyExperiment({ pretrain: QUICK }));
  await shop.succeed("queue", "add", file, "--stage", "pretrain", "--run", "a", "--no-work", ...inRuns("orphan"));
  const { claimEntry } = await import("../../../src/node/run/queue.ts");
  claimEntry(runs, "a", "of a worker that died");
  const late = await shop.succeed("queue", "run", "a", "--token", "of another", ...inRuns("orphan"));
  expect(late.err).toContain("taken over");
  await shop.succeed("queue", "work", ...inRuns("orphan"));
  expect(statusOf(`${runs}/a`).state).toBe("finished");
  expect(recordOf(`${runs}/a`).sessions).toHaveLength(1);
});

test("a run that does not begin stays as failed with its reason, and can be tried again", async () => {
  const runs = shop.path("failing");
  const folder = { path: "not-yet", image_size: 8 };
  const file = shop.experiment("failing", tinyExperiment({ data: folder, pretrain: QUICK }));
  await shop.succeed("queue", "add", file, "--stage", "pretrain", "--run", "a", "--no-work", ...inRuns("failing"));
  await shop.succeed("queue", "work", ...inRuns("failing"));
  expect(entries("failing")).toEqual(["a failed"]);
  const { failure } = readEntry(runs, "a", "failed")!;
  expect(failure?.message).toContain("not-yet");
  expect(existsSync(failure!.log)).toBe(true);
  const listed = await shop.succeed("queue", "list", ...inRuns("failing"));
  expect(listed.out).toContain(failure!.message);
  expect(listed.err).toMatch(/maskdm queue retry ID/);
  expect(listed.err).not.toContain("queue work");

  await writeImages(shop.path("not-yet"), { count: 24, size: 8 });
  await shop.succeed("queue", "retry", "a", ...inRuns("failing"));
  await until("the run finished", () => existsSync(`${runs}/a`) && statusOf(`${runs}/a`).state === "finished");
  await until("the queue empty", () => entries("failing").length === 0 && !workerOf("failing").held);
});

test("resuming goes through the queue, and adding starts a worker that outlives the command", async () => {
  const runs = shop.path("resumed");
  const file = shop.experiment("resumed", tinyExperiment({ pretrain: { ...LONG, steps: 4000 } }));
  await shop.succeed("queue", "add", file, "--stage", "pretrain", "--run", "a", ...inRuns("resumed"));
  await until("the run at work", () => isRunning(`${runs}/a`));
  await shop.succeed("stop", `${runs}/a`, "--wait");
  // A worker that is still about to end would take the next entry.
  await until("the worker gone", () => entries("resumed").length === 0 && !workerOf("resumed").held);
  await shop.succeed("queue", "add", "--resume", `${runs}/a`, "--no-work");
  expect(entries("resumed")).toEqual(["a waiting"]);
  await shop.succeed("queue", "remove", "a", ...inRuns("resumed"));
  expect((await shop.maskdm("queue", "remove", "a", ...inRuns("resumed"))).exitCode).toBe(2);
  await shop.succeed("queue", "add", "--resume", `${runs}/a`);
  await until("the run finished", () => statusOf(`${runs}/a`).state === "finished");
  expect(recordOf(`${runs}/a`).sessions).toHaveLength(2);
  expect(checkProcess(recordOf(`${runs}/a`))).not.toBe("unknown");
  await until("the worker gone", () => !workerOf("resumed").held);
});

test("bad usage is refused", async () => {
  writeFileSync(shop.path("plain.maskdm.yaml"), "data:\n  path: images\n");
  const refused = async (...args: string[]) => (await shop.maskdm("queue", "add", ...args)).exitCode;
  expect(await refused("plain.maskdm.yaml")).toBe(2);
  expect(await refused("plain.maskdm.yaml", "--stage", "finetune")).toBe(2);
  expect(await refused("plain.maskdm.yaml", "--resume", "a")).toBe(2);
  expect(await refused("--resume", "nowhere")).toBe(2);
});
