/** compute.target: ray: the PyTorch engine on a real Ray cluster, a head and two machines that are processes of this one. */
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { summarizeRun } from "../../../src/node/run/list.ts";
import { findPython, TRAINER_MODULES } from "../../python/findPython.ts";
import { freePort, RayCluster } from "../../support/rayCluster.ts";
import { StudyAtWork, studyBase } from "../study/studyAtWork.ts";
import { differences, learning, recordOf, statusOf, tinyExperiment, until, Workshop } from "../training/support.ts";
import { OFTEN_SAVED, trainWith } from "./torchShop.ts";

// Ray and PyTorch take their time to begin on a busy machine.
const PATIENCE = 300;
vi.setConfig({ testTimeout: 4 * PATIENCE * 1000, hookTimeout: 3 * PATIENCE * 1000 });

const python = findPython([...TRAINER_MODULES, "ray.train"]);
if (!python.found) console.warn(`skipped: ${python.reason}`);

describe.skipIf(!python.found || process.platform !== "linux")("two workers on a Ray cluster", () => {
  const shop = new Workshop();
  const command = python.found ? python.command : "";
  const cluster = new RayCluster(command);
  beforeAll(async () => {
    const takeAway = await trainWith(command, shop);
    await cluster.start(2);
    const compute = { target: "ray", workers: 2, address: cluster.address } as const;
    shop.experiment(
      "two",
      tinyExperiment({ engine: { backend: "torch", threads: 1 }, compute, pretrain: OFTEN_SAVED }),
    );
    return async () => {
      takeAway();
      await cluster.stop();
    };
  });

  const reaches = (run: string, step: number) =>
    until(`step ${step} of ${run}`, () => stepOf(shop.run(run)) >= step, PATIENCE);
  const sessions = (run: string) => recordOf(shop.run(run)).sessions.length;

  it("go on from the last checkpoint when a worker is killed, and again when the job is, and end with the same weights", async () => {
    await shop.succeed("pretrain", "two.maskdm.yaml", "--run", "calm", "--set", "compute.target=local");
    const { ended } = shop.start(["pretrain", "two.maskdm.yaml", "--run", "shaken"]);
    await reaches("shaken", 15);
    process.kill(recordOf(shop.run("shaken")).pid, "SIGKILL");
    await until("a second session", () => sessions("shaken") === 2, PATIENCE);
    await reaches("shaken", 35);
    process.kill(driverOf("shaken"), "SIGKILL");
    const { exitCode, err, out } = await ended;
    expect(exitCode, err).toBe(0);
    expect(out).toBe("runs/shaken\n");
    expect(err).toMatch(/^the job was lost \(.*\); it is submitted again$/m);
    expect(err).toContain("in each of 2 processes");
    expect(err).not.toContain("Traceback");
    expect(sessions("shaken")).toBe(3);
    expect(statusOf(shop.run("shaken")).state).toBe("finished");
    expect(differences(shop.run("calm"), shop.run("shaken"))).toEqual([]);
    expect(learning(shop.run("shaken"))).toEqual(learning(shop.run("calm")));
    expect(readdirSync(shop.path("runs")).sort()).toEqual(["calm", "shaken"]);
  });

  it("go on when the command is killed that submitted them; started again it watches them, and a stop saves", async () => {
    const long = ["pretrain", "two.maskdm.yaml", "--run", "long", "--steps", "100000"];
    const first = shop.start(long);
    await reaches("long", 5);
    first.child.kill("SIGKILL");
    await first.ended;
    const step = stepOf(shop.run("long"));
    await reaches("long", step + 5);
    expect(summarizeRun(shop.run("long")).state).toBe("running");
    const second = shop.start(["resume", "long"]);
    let watched = "";
    second.child.stderr!.on("data", (data) => (watched += data));
    await until("the job is found", () => watched.includes("a job of this run, is at work"), PATIENCE);
    second.child.kill("SIGINT");
    expect(await second.ended).toMatchObject({ exitCode: 0, out: "runs/long\n" });
    expect(statusOf(shop.run("long")).state).toBe("stopped");
    expect(sessions("long")).toBe(1);
  });

  it("are a study's cells, each a job of its own, side by side; a mistake is told once", async () => {
    const engine = { backend: "torch", threads: 1 } as const;
    const compute = { target: "ray", address: cluster.address } as const;
    studyBase(shop, "rates", { engine, compute, pretrain: { ...OFTEN_SAVED, held_out_every: 100 } });
    const axes = "axes: {pretrain.lr: [2e-3, 1]}\nseeds: 1\nstages: [pretrain]\nmetric: held_out_loss\n";
    const study = new StudyAtWork(shop, "rates", axes);
    const { exitCode, err } = await study.command("run");
    expect(exitCode, err).toBe(1);
    expect(err.match(/that of predicting nothing/g), err).toHaveLength(1);
    expect(await study.states()).toEqual(["done", "failed"]);
    expect(Object.values(study.sessions())).toEqual([1, 1]);
    // A run has ended before its job.
    type Job = { metadata: { name?: string } | null; status: string; start_time: number; end_time: number };
    const jobs = async (): Promise<Job[]> => {
      const all = (await (await fetch(`${cluster.address}/api/jobs/`)).json()) as Job[];
      return study.runs.map((id) => all.find(({ metadata }) => metadata?.name === id)!);
    };
    const ended = async () => (await jobs()).map(({ status }) => status);
    await expect.poll(ended, { timeout: PATIENCE * 1000 }).toEqual(["SUCCEEDED", "FAILED"]);
    const [first, second] = await jobs();
    expect(Math.max(first!.start_time, second!.start_time)).toBeLessThan(Math.min(first!.end_time, second!.end_time));
  });

  it("tell that no cluster is there; what is waited for", async () => {
    const nowhere = await shop.maskdm(
      "resume",
      "long",
      "--set",
      `compute.address=http://127.0.0.1:${await freePort()}`,
    );
    expect(nowhere.exitCode).toBe(1);
    expect(nowhere.err).toMatch(/^error: No Ray cluster answers at http:.* \(ECONNREFUSED\)\. Name its dashboard/m);
    const many = shop.start(["pretrain", "two.maskdm.yaml", "--run", "many", "--set", "compute.cpus_per_worker=8"]);
    let said = "";
    many.child.stderr!.on("data", (data) => (said += data));
    await until(
      "it is told",
      () => said.includes("waiting for machines: 2 workers take 16 CPUs (2 in the cluster"),
      PATIENCE,
    );
    many.child.kill("SIGTERM");
    expect(await many.ended).toMatchObject({ signal: "SIGTERM" });
    expect(readdirSync(shop.path("runs")).sort()).toEqual(["calm", "long", "shaken"]);
  });

  /** The process of Ray's job: the one that was started for the folder of the launch. */
  function driverOf(run: string): number {
    const found = readdirSync("/proc").filter((pid) => {
      if (!/^\d+$/.test(pid)) return false;
      try {
        const isDriver = readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("python\0-m\0maskdm_torch.ray_job");
        return isDriver && readFileSync(`/proc/${pid}/environ`, "utf8").includes(shop.path("runs", `.ray-${run}`));
      } catch {
        return false;
      }
    });
    expect(found).toHaveLength(1);
    return Number(found[0]);
  }
});

/** 0 as long as there is no run. */
function stepOf(run: string): number {
  try {
    return statusOf(run).step;
  } catch {
    return 0;
  }
}
