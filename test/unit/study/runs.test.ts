/** `maskdm study run` on tiny experiments, with real processes that are really killed. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, it } from "vitest";
import { readEvaluations } from "../../../src/core/run/evaluations.ts";
import { readAnnotations } from "../../../src/node/run/annotations.ts";
import { currentLock } from "../../../src/node/run/lockFiles.ts";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import { queueFolder, readQueue } from "../../../src/node/run/queue.ts";
import { readStudyRecord } from "../../../src/node/study/recordFile.ts";
import { differences, QUICK, recordOf, statusOf, until, Workshop, writeImages } from "../training/support.ts";
import { StudyAtWork, studyBase } from "./studyAtWork.ts";

const shop = new Workshop();

const held = "metric: held_out_loss\n";

beforeAll(() => writeImages(shop.path("images"), { count: 60, size: 8 }));

// Each has a runs folder, and so a queue, of its own.
describe.concurrent("maskdm study", () => {
  it("shares pretraining, evaluates as it asks for, computes nothing twice, and of an extended axis only what is new", async ({
    expect,
  }) => {
    studyBase(shop, "shared", {
      diffusion: { timesteps: 20 },
      sample: { steps: 30, sampler: "dpmpp_2m", eta: 0.5, weights: "raw" },
    });
    const evaluate = "evaluate: {samples: 50, space: random-convolutions, seed: 3}\nseeds: 1\n";
    const study = new StudyAtWork(shop, "shared", `axes: {finetune.lr: [1e-3]}\n${evaluate}`);
    const planned = await study.command("run", "--dry-run");
    expect(planned.out).toMatch(
      /1 cell: 1 configuration of finetune.lr \(1\), 1 seed each\n.*2 trainings: 1 of pretraining, 1 of finetuning/,
    );
    expect(existsSync(study.runsDir)).toBe(false);
    const first = await study.command("run");
    expect(first.exitCode, first.err).toBe(0);
    expect(first.err).toMatch(/lr 0.001, seed 0: KID /);
    const before = study.sessions();
    study.write(`axes: {finetune.lr: [1e-3, 2e-3]}\n${evaluate}`);
    const second = await study.command("run");
    expect(second.exitCode, second.err).toBe(0);
    expect(second.err).toContain("finetune.lr: new 0.002.");
    expect(second.err).toContain("1 cell is new, 0 cells are no longer part of the study, 1 cell is the same.");
    expect(await study.states()).toEqual(["done", "done"]);
    expect(study.sessions()).toEqual(Object.fromEntries(study.runs.map((id) => [id, 1])));
    expect(Object.keys(before)).toHaveLength(2);
    expect(study.runs).toHaveLength(3);
    for (const id of study.runs.slice(1)) {
      expect(recordOf(study.run(id)).parent).toMatchObject({ run: study.runs[0] });
      expect(readAnnotations(study.run(id))).toMatchObject({
        value: { group: "shared", name: expect.stringMatching(/^finetune · lr 0.00[12], seed 0$/) },
      });
      const made = readEvaluations(readFileSync(`${study.run(id)}/evaluations.jsonl`, "utf8"));
      expect(made).toHaveLength(1);
      expect(made[0]).toMatchObject({ samples: 50, seed: 3, samplerSteps: 20, sampler: "dpmpp_2m", weights: "raw" });
    }
    expect((await study.command("status")).out).toMatch(/lr 0.002 +1\/1 +\S+/);
  }, 120_000);

  it("pretrains on some images and finetunes on others, and measures on the latter", async ({ expect }) => {
    studyBase(shop, "moved");
    await writeImages(shop.path("faces"), { count: 30, size: 8 });
    const text = `set: {finetune: {data.path: faces, data.holdout: 0.5}}\nseeds: 1\n${held}`;
    const study = new StudyAtWork(shop, "moved", text);
    const { exitCode, err, out } = await study.command("run");
    expect(exitCode, err).toBe(0);
    expect(out).toContain("set for finetune: data.path faces, data.holdout 0.5");
    const texts = study.runs.map((id) => readFileSync(`${study.run(id)}/experiment.maskdm.yaml`, "utf8"));
    expect(texts.map((own) => /"path": "?(\w+)/.exec(own)?.[1])).toEqual(["images", "faces"]);
    expect(await study.states()).toEqual(["done"]);
    study.write(text.replace("faces", "nowhere"));
    expect((await study.command("run", "--changed")).err).toContain('there is no folder "nowhere"');
  }, 120_000);

  it("goes on after worker, queue and run were killed, and nothing is computed twice", async ({ expect }) => {
    studyBase(shop, "killed", {
      pretrain: { ...QUICK, steps: 3000, checkpoint_every: 200, log_every: 100, held_out_every: 3000 },
    });
    const study = new StudyAtWork(
      shop,
      "killed",
      `axes: {mask.rate: [0.25, 0.5]}\nseeds: 1\nstages: [pretrain]\n${held}`,
    );
    const [first, second] = study.runs;
    expect((await study.command("run", "--no-wait")).exitCode).toBe(0);
    await until("the first run at work", () => study.isRunning(first!) && statusOf(study.run(first!)).step > 300);
    study.killWorker();
    process.kill(currentLock(queueFolder(study.runsDir))!.pid, "SIGKILL");
    process.kill(statusOfProcess(study.run(first!)), "SIGKILL");
    expect((await study.states())[1]).toBe("waiting");
    const { exitCode, err } = await study.command("run");
    expect(exitCode, err).toBe(0);
    expect(await study.states()).toEqual(["done", "done"]);
    expect(study.sessions()).toEqual({ [first!]: 2, [second!]: 1 });
    expect(recordOf(study.run(first!)).sessions[1]!.fromStep).toBeGreaterThanOrEqual(200);
    expect(readQueue(study.runsDir)).toEqual([]);
  }, 120_000);

  it("waits for the evaluation that a killed worker has begun", async ({ expect }) => {
    studyBase(shop, "drawing", { diffusion: { timesteps: 20 }, sample: { steps: 20 } });
    const study = new StudyAtWork(
      shop,
      "drawing",
      "stages: [pretrain]\nseeds: 1\nevaluate: {samples: 300, space: random-convolutions}\n",
    );
    const [id] = study.runs;
    await study.command("run", "--no-wait");
    await until(
      "the evaluation",
      () => readStudyRecord(study.runsDir, study.name).ok && study.record.evaluating !== null,
    );
    study.killWorker();
    const { exitCode, err } = await study.command("run");
    expect(exitCode, err).toBe(0);
    expect(readEvaluations(readFileSync(`${study.run(id!)}/evaluations.jsonl`, "utf8"))).toHaveLength(1);
  }, 120_000);

  it("evaluates where a training of somebody else's takes the room that has ended unseen", async ({ expect }) => {
    studyBase(shop, "unseen", { diffusion: { timesteps: 20 }, sample: { steps: 20 } });
    const stages = "stages: [pretrain]\nseeds: 1\n";
    const study = new StudyAtWork(shop, "unseen", `${held}${stages}`);
    expect((await study.command("run")).exitCode).toBe(0);
    const [id] = study.runs;
    const { formatVersion, host, pid, processStart, createdAt: at } = recordOf(study.run(id!));
    const process = { host, pid, processStart };
    const entry = { order: { kind: "resume" }, queuedAt: at, attempts: 1, claim: { token: "another", at }, process };
    writeFileSync(
      `${queueFolder(study.runsDir)}/other.started.json`,
      JSON.stringify({ formatVersion, id: "other", ...entry }),
    );
    expect(readQueue(study.runsDir)).toHaveLength(1);
    study.write(`${stages}evaluate: {samples: 50, space: random-convolutions}\n`);
    const { exitCode, err } = await study.command("run", "--changed");
    expect(exitCode, err).toBe(0);
    expect(await study.states()).toEqual(["done"]);
  }, 120_000);

  it("stops, saving what trains, and goes on from there", async ({ expect }) => {
    studyBase(shop, "stopped", {
      pretrain: { ...QUICK, steps: 1_000_000, checkpoint_every: 1_000_000, log_every: 100 },
    });
    const study = new StudyAtWork(shop, "stopped", `stages: [pretrain]\nseeds: 2\n${held}`);
    const [first] = study.runs;
    const following = study.command("run");
    await until("the first run at work", () => study.isRunning(first!) && statusOf(study.run(first!)).step > 100);
    const stopped = await study.command("stop", "--wait");
    expect(stopped.exitCode, stopped.err).toBe(0);
    expect((await following).exitCode).toBe(0);
    expect(await study.states()).toEqual(["paused", "waiting"]);
    expect(study.record).toMatchObject({
      asked: "stop",
      message: expect.stringMatching(/^Stopped. 0 of 2 cells are done/),
    });
    expect(readQueue(study.runsDir)).toEqual([]);
    const { step } = statusOf(study.run(first!));
    await study.command("run", "--no-wait");
    await until("the run going on", () => statusOf(study.run(first!)).step > step);
    expect(recordOf(study.run(first!)).sessions.map(({ fromStep }) => fromStep)).toEqual([0, step]);
    expect((await study.command("stop", "--wait")).exitCode).toBe(0);
    expect(await study.states()).toEqual(["paused", "waiting"]);
  }, 120_000);

  it("halves: all pause at a rung, the best goes on to the same bits, the others are given up", async ({ expect }) => {
    studyBase(shop, "halved");
    const study = new StudyAtWork(
      shop,
      "halved",
      `axes: {pretrain.lr: [2e-3, 1e-5, 1e-6]}\nstages: [pretrain]\nseeds: 1\nhalving: {rungs: [0.5], keep: 0.4}\n${held}`,
    );
    const { exitCode, err } = await study.command("run");
    expect(exitCode, err).toBe(0);
    expect(await study.states()).toEqual(["done", "given up", "given up"]);
    const [best, ...others] = study.runs;
    for (const id of others) expect(statusOf(study.run(id))).toMatchObject({ state: "stopped", step: 10 });
    expect(recordOf(study.run(best!)).sessions.map(({ fromStep }) => fromStep)).toEqual([0, 10]);
    const set = ["--set", "pretrain.lr=2e-3", "--set", "seed=0"];
    await shop.succeed("pretrain", "halved.maskdm.yaml", "--run", "whole", "--runs-dir", study.runsDir, ...set);
    expect(differences(study.run(best!), study.run("whole"))).toEqual([]);
    expect(Object.values(study.record.rungs).filter(({ goesOn }) => goesOn)).toHaveLength(1);
  }, 120_000);

  it("says at once what fails, goes on with the rest, and tries again when asked to", async ({ expect }) => {
    studyBase(shop, "failing");
    const axes = "axes: {data.path: [images, later], mask.rate: [0.5]}";
    const study = new StudyAtWork(shop, "failing", `${axes}\nstages: [pretrain]\nseeds: 1\n${held}`);
    const failed = await study.command("run");
    expect(failed.exitCode).toBe(1);
    expect(failed.err).toMatch(/FAILED path later, rate 0.5, seed 0: .*there is no folder "later"/);
    expect(await study.states()).toEqual(["done", "failed"]);
    expect(study.record.message).toMatch(/^1 of 2 cells is done, 1 failed/);
    await writeImages(shop.path("later"), { count: 40, size: 8 });
    expect((await study.command("run")).exitCode, "a failure stays one").toBe(1);
    const retried = await study.command("retry-failed");
    expect(retried.exitCode, retried.err).toBe(0);
    expect(await study.states()).toEqual(["done", "done"]);
  }, 120_000);

  it("does not count a training that diverges, and stops for it where on_failure says so", async ({ expect }) => {
    studyBase(shop, "diverging", { pretrain: { ...QUICK, steps: 400, held_out_every: 400 } });
    const study = new StudyAtWork(
      shop,
      "diverging",
      `axes: {pretrain.lr: [1, 1e-3]}\nstages: [pretrain]\nseeds: 1\non_failure: stop\n${held}`,
    );
    const { exitCode, err } = await study.command("run");
    expect(exitCode).toBe(1);
    expect(err).toMatch(/FAILED lr 1, seed 0: .*loss/);
    expect(err).toContain("Stopped, as on_failure asks for");
    expect(await study.states()).toEqual(["failed", "waiting"]);
  }, 120_000);

  it("turns seconds into steps before a training begins, once for all seeds, and keeps them", async ({ expect }) => {
    studyBase(shop, "timed");
    const study = new StudyAtWork(shop, "timed", `stages: [pretrain]\nseeds: 2\nbudget: {seconds: 1}\n${held}`);
    const { exitCode, err } = await study.command("run");
    expect(exitCode, err).toBe(0);
    const { settled } = study.record;
    const [first, second] = study.runs;
    expect(Object.keys(settled).sort()).toEqual([first!, second!].sort());
    expect(settled[first!]).toEqual(settled[second!]);
    const { steps, secondsPerStep } = settled[first!]!;
    expect(steps).toBe(Math.floor(1 / secondsPerStep));
    for (const id of study.runs) {
      expect(recordOf(study.run(id)).totalSteps).toBe(steps);
      expect(readRunMetrics(study.run(id)).at(-1)).toMatchObject({ step: steps });
    }
    expect((await study.command("status")).out).toMatch(/steps in \S+ s of 1 s/);
  }, 120_000);

  it("refuses what cannot be meant, with its place, before anything is computed", async ({ expect }) => {
    studyBase(shop, "refused");
    const refused = async (text: string, ...options: string[]): Promise<string> => {
      const study = new StudyAtWork(shop, "refused", text);
      const { exitCode, err, out } = await study.command("run", ...options);
      expect(exitCode, err).toBe(2);
      expect(existsSync(study.runsDir)).toBe(false);
      return `${out}${err}`;
    };
    expect(await refused("axes: {mask.rat: [0.5]}\n")).toMatch(
      /refused.maskstudy.yaml:2:\d+: error MDM9\d\d .*mask.rat/,
    );
    expect(await refused("axes: {mask.rate: []}\n")).toMatch(/refused.maskstudy.yaml:2:\d+: error MDM9\d\d /);
    writeFileSync(shop.path("no.onnx"), "hello");
    expect(await refused("evaluate: {space: no.onnx}\n")).toContain(
      "no.onnx is no ONNX file that ONNX Runtime can run",
    );
    studyBase(shop, "refused", { data: { path: "images", image_size: 8 } });
    expect(await refused(held)).toContain("data.holdout is 0");
    studyBase(shop, "refused", { data: { path: "nowhere", image_size: 8 } });
    expect(await refused("seeds: 1\n")).toContain('there is no folder "nowhere"');
    expect((await shop.maskdm("study", "status", "nothing")).err).toContain(
      "nothing is neither a study file nor a study",
    );
  }, 120_000);

  it("does not begin another study in the place of one, unless that is meant", async ({ expect }) => {
    studyBase(shop, "changed");
    const study = new StudyAtWork(shop, "changed", `stages: [pretrain]\nseeds: 1\n${held}`);
    expect((await study.command("run")).exitCode).toBe(0);
    const [old] = study.runs;
    studyBase(shop, "changed", { model: { patch_size: 2, embed_dim: 16, depth: 5, num_heads: 2 } });
    const refused = await study.command("run");
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toContain("--changed");
    expect((await study.command("run", "--changed")).exitCode).toBe(0);
    expect(existsSync(study.run(old!)), "nothing is deleted").toBe(true);
    expect(await study.states()).toEqual(["done"]);
  }, 120_000);
});

/** Id of the process that writes a run. */
const statusOfProcess = (dir: string): number => recordOf(dir).pid;
