/** compute.workers: the PyTorch engine with two processes, which are lost and started again, as users start them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { summarizeRun } from "../../../src/node/run/list.ts";
import { findPython, TRAINER_MODULES } from "../../python/findPython.ts";
import { differences, learning, recordOf, statusOf, tinyExperiment, until, Workshop } from "../training/support.ts";
import { OFTEN_SAVED, trainWith } from "./torchShop.ts";

// A busy machine takes its time to import torch, in four processes and more.
const PATIENCE = 240;
vi.setConfig({ testTimeout: 4 * PATIENCE * 1000 });

const python = findPython(TRAINER_MODULES);
if (!python.found) console.warn(`skipped: ${python.reason}`);

// Processes of a parent are found by what Linux tells of them.
describe.skipIf(!python.found || process.platform !== "linux")("two workers", () => {
  const shop = new Workshop();
  beforeAll(async () => {
    const takeAway = await trainWith(python.found ? python.command : "", shop);
    const pretrain = OFTEN_SAVED;
    shop.experiment("two", tinyExperiment({ engine: { backend: "torch" }, compute: { workers: 2 }, pretrain }));
    return takeAway;
  });

  const reaches = (run: string, step: number) =>
    until(`step ${step} of ${run}`, () => statusOf(shop.run(run)).step >= step, PATIENCE);
  const isThere = (run: string) => until(`run ${run}`, () => summarizeRun(shop.run(run)).state !== "damaged", PATIENCE);

  it("train one run, which tells of both", async () => {
    await shop.succeed("pretrain", "two.maskdm.yaml", "--run", "calm");
    expect(statusOf(shop.run("calm"))).toMatchObject({ state: "finished", step: 300 });
    expect(readFileSync(`${shop.run("calm")}/log.txt`, "utf8")).toContain(
      "on the processor in each of 2 processes, batch 8",
    );
    expect(readdirSync(shop.path("runs"))).toEqual(["calm"]);
  });

  it("divide moments and moving average, draw by it and go on, to the same bytes", async () => {
    const divided = ["--set", "compute.shard=optimizer", "--set", "pretrain.sample_every=150"];
    await shop.succeed("pretrain", "two.maskdm.yaml", "--run", "divided", "--steps", "150", ...divided);
    expect(readdirSync(`${shop.run("divided")}/samples`)).toEqual(["step-00000150.png"]);
    await shop.succeed("resume", "divided", "--steps", "300");
    expect(differences(shop.run("calm"), shop.run("divided"))).toEqual([]);
    expect(learning(shop.run("divided"))).toEqual(learning(shop.run("calm")));
  });

  it("go on from the last checkpoint when one is killed, and end with the same weights", async () => {
    const { child, ended } = shop.start(["pretrain", "two.maskdm.yaml", "--run", "shaken"]);
    await isThere("shaken");
    await reaches("shaken", 15);
    const { pid: first } = recordOf(shop.run("shaken"));
    process.kill(followerOf(first), "SIGKILL");
    await until("a second session", () => recordOf(shop.run("shaken")).sessions.length === 2, PATIENCE);
    await reaches("shaken", 35);
    process.kill(recordOf(shop.run("shaken")).pid, "SIGKILL");
    await until("a third session", () => recordOf(shop.run("shaken")).sessions.length === 3, PATIENCE);
    await reaches("shaken", 55);
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^runs\/shaken$/m) });
    expect(statusOf(shop.run("shaken")).state).toBe("stopped");

    const { err } = await shop.succeed("resume", "shaken");
    expect(err).not.toMatch(/Traceback|Warning/);
    expect(differences(shop.run("calm"), shop.run("shaken"))).toEqual([]);
    expect(learning(shop.run("shaken"))).toEqual(learning(shop.run("calm")));
  });

  it("are taken elsewhere by a command, end when its shell is asked to, and go on to the same weights", async () => {
    // As batch systems start it, and ask it to end.
    const command = "echo $$ > sent.pid; exec sh {script}";
    const elsewhere = ["--set", "compute.target=command", "--set", `compute.command=${command}`];
    const { ended } = shop.start(["pretrain", "two.maskdm.yaml", "--run", "sent", ...elsewhere]);
    await until("run sent", () => existsSync(shop.run("sent")), PATIENCE);
    await isThere("sent");
    await reaches("sent", 15);
    process.kill(Number(readFileSync(shop.path("sent.pid"), "utf8")), "SIGTERM");
    expect(await ended).toMatchObject({ exitCode: 0, out: "runs/sent\n" });
    expect(statusOf(shop.run("sent")).state).toBe("stopped");
    await shop.succeed("resume", "sent");
    expect(recordOf(shop.run("sent")).sessions).toHaveLength(2);
    expect(differences(shop.run("calm"), shop.run("sent"))).toEqual([]);
    expect(learning(shop.run("sent"))).toEqual(learning(shop.run("calm")));
  });

  it("go on with their run when Slurm starts the command again after a requeue", async () => {
    const again = ["pretrain", "two.maskdm.yaml", "--run", "calm"];
    expect((await shop.maskdm(...again)).err).toContain("calm exists already");
    process.env["SLURM_RESTART_COUNT"] = "1";
    const { err, out } = await shop.succeed(...again);
    delete process.env["SLURM_RESTART_COUNT"];
    expect(err).toContain("calm has all its 300 steps");
    expect(out).toBe("runs/calm\n");
  });

  it("tell a mistake once, and are not started again for it", async () => {
    const refused = await shop.maskdm("pretrain", "two.maskdm.yaml", "--set", "pretrain.batch_size=9");
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toContain("compute.workers 2 does not divide pretrain.batch_size 9");
    const lost = await shop.maskdm("pretrain", "two.maskdm.yaml", "--run", "lost", "--set", "pretrain.lr=1");
    expect(lost.exitCode).toBe(1);
    expect(statusOf(shop.run("lost")).state).toBe("diverged");
    expect(recordOf(shop.run("lost")).sessions).toHaveLength(1);
    expect(lost.err.match(/The loss diverged/g)).toHaveLength(1);
  });
});

/** The other process that torchrun has started. */
function followerOf(leader: number): number {
  // After the name, which may hold spaces and parentheses: state, parent.
  const parentOf = (pid: number | string): string =>
    readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\)/s, "").split(" ")[2]!;
  const torchrun = parentOf(leader);
  const children = readFileSync(`/proc/${torchrun}/task/${torchrun}/children`, "utf8").trim().split(" ").map(Number);
  const others = children.filter((pid) => pid !== leader);
  expect(others).toHaveLength(1);
  return others[0]!;
}
