/** Stopping a run, by every way there is, and going on with it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import {
  differences,
  learning,
  newestCheckpoint,
  QUICK,
  recordOf,
  type Started,
  sleep,
  statusOf,
  tinyExperiment,
  until,
  Workshop,
  writeImages,
} from "./support.ts";

const shop = new Workshop();
const ENDLESS = { ...QUICK, steps: 1_000_000, checkpoint_every: 40, log_every: 3 };

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 24, size: 8 });
  shop.experiment("endless", tinyExperiment({ pretrain: ENDLESS }));
  shop.experiment("short", tinyExperiment({ pretrain: QUICK }));
});

/** Starts an endless run and waits until it has trained for some steps. */
async function startEndless(id: string, ...args: string[]): Promise<Started> {
  const run = shop.start(["pretrain", "endless.maskdm.yaml", "--run", id, ...args]);
  await until(`step 6 of ${id}`, () => (readRunMetrics(shop.run(id)).at(-1)?.step ?? 0) >= 6);
  return run;
}

describe("a run asked to stop", () => {
  it.each(["SIGINT", "SIGTERM", "maskdm stop --wait"] as const)(
    "by %s finishes its step, saves, and goes on later as if it had never stopped",
    async (way) => {
      const id = `stopped-${way.split(" ")[0]}`;
      const run = await startEndless(id);
      if (way === "SIGINT" || way === "SIGTERM") run.child.kill(way);
      else {
        const asked = await shop.succeed("stop", id, "--wait", "--json");
        expect(JSON.parse(asked.out)).toMatchObject({ id, state: "stopped", wasRunning: true });
      }
      const { exitCode, out, err } = await run.ended;
      expect({ exitCode, out }, err).toEqual({ exitCode: 0, out: `runs/${id}\n` });
      expect(err).toContain(`maskdm resume runs/${id}`);
      const { step, state, message } = statusOf(shop.run(id));
      expect(state).toBe("stopped");
      expect(message).toBe(`stopped at step ${step} of 1000000`);
      expect(newestCheckpoint(shop.run(id)).state.step).toBe(step);
      expect(recordOf(shop.run(id)).sessions).toMatchObject([{ fromStep: 0, endState: "stopped" }]);
      expect(existsSync(join(shop.run(id), "control.json"))).toBe(false);

      const steps = String(step + 10);
      const whole = `whole-${way.split(" ")[0]}`;
      await Promise.all([
        shop.succeed("resume", id, "--steps", steps),
        shop.succeed("pretrain", "endless.maskdm.yaml", "--run", whole, "--steps", steps),
      ]);
      expect(statusOf(shop.run(id))).toMatchObject({ state: "finished", step: step + 10, totalSteps: step + 10 });
      expect(differences(shop.run(id), shop.run(whole))).toEqual([]);
      expect(learning(shop.run(id))).toEqual(learning(shop.run(whole)));
    },
    120_000,
  );

  it("does not finish a sample grid first; a resume draws it", async () => {
    const id = "sampling";
    const run = shop.start(
      ["pretrain", "short.maskdm.yaml", "--run", id].concat(
        ["pretrain.sample_every=5", "sample.steps=1000", "sample.count=640"].flatMap((set) => ["--set", set]),
      ),
    );
    const picture = join(shop.run(id), "samples", "step-00000005.png");
    await until("step 5", () => readRunMetrics(shop.run(id)).at(-1)?.step === 5);
    await sleep(300);
    run.child.kill("SIGTERM");
    const askedAt = Date.now();
    const { exitCode, err } = await run.ended;
    expect(exitCode, err).toBe(0);
    expect(Date.now() - askedAt).toBeLessThan(20_000);
    expect(statusOf(shop.run(id))).toMatchObject({ state: "stopped", step: 5 });
    expect(readFileSync(join(shop.run(id), "log.txt"), "utf8")).toContain("samples of step 5 given up");
    expect(existsSync(picture)).toBe(false);

    await shop.succeed("resume", id, "--steps", "6", "--set", "sample.steps=2", "--set", "sample.count=4");
    expect(existsSync(picture)).toBe(true);
  }, 120_000);
});

describe("a run that has finished", () => {
  it("is left as it is by a resume, which says so", async () => {
    await shop.succeed("pretrain", "short.maskdm.yaml", "--run", "done");
    const before = readFileSync(join(shop.run("done"), "run.json"), "utf8");
    const { out, err } = await shop.succeed("resume", "done");
    expect(out).toBe("runs/done\n");
    expect(err).toContain("done has all its 30 steps. Train it for longer with: --steps N");
    expect(readFileSync(join(shop.run("done"), "run.json"), "utf8")).toBe(before);
  });

  it("can be trained for longer, to the weights of a run that was asked for as many steps at once", async () => {
    await shop.succeed("pretrain", "short.maskdm.yaml", "--run", "extended");
    await Promise.all([
      shop.succeed("resume", "extended", "--steps", "45"),
      shop.succeed("pretrain", "short.maskdm.yaml", "--run", "longer", "--steps", "45"),
    ]);
    expect(statusOf(shop.run("extended"))).toMatchObject({ state: "finished", step: 45, totalSteps: 45 });
    expect(recordOf(shop.run("extended"))).toMatchObject({
      totalSteps: 45,
      sessions: [{ fromStep: 0 }, { fromStep: 30 }],
    });
    expect(readFileSync(join(shop.run("extended"), "experiment.maskdm.yaml"), "utf8")).toMatch(/"steps": 45\b/);
    expect(differences(shop.run("extended"), shop.run("longer"))).toEqual([]);
    expect(learning(shop.run("extended"))).toEqual(learning(shop.run("longer")));
  });

  it("cannot be resumed to fewer steps than it has", async () => {
    await shop.succeed("pretrain", "short.maskdm.yaml", "--run", "enough");
    const { exitCode, err } = await shop.maskdm("resume", "enough", "--steps", "20");
    expect(exitCode).toBe(2);
    expect(err).toContain("has 30 steps already, more than the 20 asked for");
    expect(statusOf(shop.run("enough"))).toMatchObject({ state: "finished", step: 30, totalSteps: 30 });
  });

  it("is not spoilt by a resume with an override that its weights do not fit", async () => {
    await shop.succeed("pretrain", "short.maskdm.yaml", "--run", "unspoilt");
    const frozen = readFileSync(join(shop.run("unspoilt"), "experiment.maskdm.yaml"), "utf8");
    const misfit = await shop.maskdm("resume", "unspoilt", "--steps", "35", "--set", "model.embed_dim=32");
    expect(misfit.exitCode).toBe(2);
    expect(misfit.err).toContain("encoder.patch_embed.proj.bias: [16] there, [32] is needed");
    expect(readFileSync(join(shop.run("unspoilt"), "experiment.maskdm.yaml"), "utf8")).toBe(frozen);
    await shop.succeed("resume", "unspoilt", "--steps", "35");
    expect(statusOf(shop.run("unspoilt"))).toMatchObject({ state: "finished", step: 35 });
  });
});

describe("one writer at a time", () => {
  it("a run at work is not resumed, and of two resumes at once one is refused", async () => {
    const id = "contended";
    const run = await startEndless(id);
    const early = await shop.maskdm("resume", id);
    expect(early.exitCode).toBe(2);
    expect(early.err).toContain(`is being written by process ${run.child.pid}`);
    run.child.kill("SIGTERM");
    expect((await run.ended).exitCode).toBe(0);

    const resumes = [shop.start(["resume", id]), shop.start(["resume", id])];
    const refused = await Promise.race(resumes.map(async ({ ended }, number) => ({ ...(await ended), number })));
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toContain("a run has one writer at a time");
    expect(refused.err).not.toMatch(/\n {4}at /);
    const other = resumes[1 - refused.number]!;
    await until("training goes on", () => statusOf(shop.run(id)).state === "running");
    other.child.kill("SIGTERM");
    expect((await other.ended).exitCode).toBe(0);
    expect(recordOf(shop.run(id)).sessions.map(({ endState }) => endState)).toEqual(["stopped", "stopped"]);
  }, 120_000);
});
