/** Runs and queues that another machine has taken over, and those of machines whose clocks are wrong. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import { queueFolder } from "../../../src/node/run/queue.ts";
import { QUICK, recordOf, statusOf, tinyExperiment, until, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const ENDLESS = { ...QUICK, steps: 1_000_000, checkpoint_every: 1_000_000, log_every: 3 };

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 24, size: 8 });
  shop.experiment("endless", tinyExperiment({ pretrain: ENDLESS }));
});

const ELSEWHERE = { host: "nodeb", pid: 4711, processStart: "linux:another-boot:4026531836:5" };

/** Does what another machine does that takes a lock over. */
function takeOver(dir: string): void {
  const lock = { formatVersion: 1, ...ELSEWHERE, acquiredAt: new Date().toISOString(), released: false };
  writeFileSync(join(dir, "lock-0002.json"), JSON.stringify(lock));
  rmSync(join(dir, "lock-0001.json"));
}

const locks = (dir: string) => readdirSync(dir).filter((name) => name.startsWith("lock-"));
const hasTrained = (id: string, step: number) => () => (readRunMetrics(shop.run(id)).at(-1)?.step ?? 0) >= step;

test("a run that has been taken over ends without writing any more", async () => {
  const run = shop.start(["pretrain", "endless.maskdm.yaml", "--run", "lost"]);
  await until("step 6", hasTrained("lost", 6));
  takeOver(shop.run("lost"));
  const { exitCode, err } = await run.ended;
  expect(exitCode, err).toBe(1);
  expect(err).toMatch(/error: \S+lost was taken over by process 4711 on nodeb.*writes nothing more/);
  expect(locks(shop.run("lost"))).toEqual(["lock-0002.json"]);
  expect(statusOf(shop.run("lost")).state, "the last status is the other's to write").toBe("running");
  expect(recordOf(shop.run("lost")).sessions[0]).not.toHaveProperty("endState");
  expect(readdirSync(join(shop.run("lost"), "checkpoints"))).toEqual([]);
});

test("a worker whose queue has been taken over ends, and its runs live on", async () => {
  const runs = shop.path("queued");
  const inRuns = ["--runs-dir", "queued"];
  await shop.succeed(
    "queue",
    "add",
    "endless.maskdm.yaml",
    "--stage",
    "pretrain",
    "--run",
    "a",
    "--no-work",
    ...inRuns,
  );
  const worker = shop.start(["queue", "work", ...inRuns]);
  const run = join(runs, "a");
  await until("the run at work", () => existsSync(run) && statusOf(run).state === "running");
  takeOver(queueFolder(runs));
  const { exitCode, err } = await worker.ended;
  expect(exitCode).toBe(0);
  expect(err).toContain("was taken over by process 4711 on nodeb");
  expect(locks(queueFolder(runs))).toEqual(["lock-0002.json"]);
  expect(statusOf(run).state).toBe("running");
  await shop.succeed("stop", run, "--wait");
});

test("a run of a machine whose clock is an hour behind is stopped, and not resumed", async () => {
  const run = shop.start(["pretrain", "endless.maskdm.yaml", "--run", "behind", "--steps", "3"]);
  expect((await run.ended).exitCode).toBe(0);
  const dir = shop.run("behind");
  const status = statusOf(dir);
  writeFileSync(join(dir, "run.json"), JSON.stringify({ ...recordOf(dir), ...ELSEWHERE }));
  rmSync(join(dir, "lock-0001.json"));
  const acquiredAt = new Date(Date.now() - 3_600_000).toISOString();
  writeFileSync(
    join(dir, "lock-0002.json"),
    JSON.stringify({ formatVersion: 1, ...ELSEWHERE, acquiredAt, released: false }),
  );
  /** What the other machine writes each time; the disk's clock is wrong, too. */
  const beat = (state: "running" | "stopped"): void => {
    const heartbeat = new Date(Date.now() - 3_600_000).toISOString();
    const temporary = join(dir, ".status.json.tmp-4711-1");
    writeFileSync(temporary, JSON.stringify({ ...status, state, heartbeat }));
    utimesSync(temporary, 0, 0);
    renameSync(temporary, join(dir, "status.json"));
  };
  beat("running");
  const beating = setInterval(() => {
    if (!existsSync(join(dir, "control.json"))) return beat("running");
    clearInterval(beating);
    beat("stopped");
    const path = join(dir, "lock-0002.json");
    writeFileSync(path, readFileSync(path, "utf8").replace('"released":false', '"released":true'));
  }, 250);
  onTestFinished(() => clearInterval(beating));

  const resumed = await shop.maskdm("resume", "behind", "--steps", "5");
  expect(resumed.exitCode).toBe(2);
  expect(resumed.err).toMatch(/process 4711 on nodeb, which cannot be looked for from here: watching for 60 seconds/);
  expect(resumed.err).toContain("is being written by process 4711 on nodeb");
  const stopped = await shop.succeed("stop", "behind", "--wait", "--json");
  expect(JSON.parse(stopped.out)).toMatchObject({ state: "stopped", wasRunning: true });
});
