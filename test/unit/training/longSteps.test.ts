/** A step may take minutes: the process has to stay responsive all the same. */
import { beforeAll, describe, expect, it } from "vitest";
import { HEARTBEAT_SECONDS } from "../../../src/core/run/liveness.ts";
import { requestStop } from "../../../src/node/run/control.ts";
import { slowness } from "../../support/slowness.ts";
import {
  differences,
  learning,
  newestCheckpoint,
  QUICK,
  sleep,
  statusOf,
  tinyExperiment,
  until,
  Workshop,
  writeImages,
} from "./support.ts";

const shop = new Workshop();

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 24, size: 16 });
  shop.experiment(
    "long",
    tinyExperiment({
      data: { path: "images", image_size: 16 },
      model: { patch_size: 2, embed_dim: 256, depth: 7, num_heads: 4 },
      mask: { strategy: "none" },
      // Many small passes: a long step that takes little memory.
      pretrain: { ...QUICK, batch_size: 2048, micro_batch_size: 16, steps: 5 },
    }),
  );
});

const isRunning = (id: string) => () => {
  try {
    return statusOf(shop.run(id)).state === "running";
  } catch {
    return false;
  }
};

describe("during a long step", () => {
  it("the heartbeat goes on, and a second signal ends the run at once", async () => {
    const run = shop.start(["pretrain", "long.maskdm.yaml", "--run", "a"]);
    await until("training begins", isRunning("a"));
    const heartbeats = new Set<string>();
    const ages: number[] = [];
    const end = Date.now() + (HEARTBEAT_SECONDS + 3) * 1000;
    while (Date.now() < end) {
      const { heartbeat, step } = statusOf(shop.run("a"));
      expect(step).toBe(0);
      heartbeats.add(heartbeat);
      ages.push((Date.now() - Date.parse(heartbeat)) / 1000);
      await sleep(100);
    }
    expect(heartbeats.size, [...heartbeats].join()).toBeGreaterThanOrEqual(2);
    expect(Math.max(...ages)).toBeLessThan(HEARTBEAT_SECONDS + 3);

    run.child.kill("SIGINT");
    await sleep(500);
    expect(run.child.exitCode).toBe(null);
    run.child.kill("SIGINT");
    const askedAt = Date.now();
    const { exitCode, signal } = await run.ended;
    // The step would go on for much longer.
    expect(Date.now() - askedAt).toBeLessThan(2000 * slowness());
    expect({ exitCode, signal }).toEqual({ exitCode: null, signal: "SIGINT" });
  }, 120_000);

  it("a stop breaks the step off after a while; a resume makes it from its beginning", async () => {
    const run = shop.start(["pretrain", "long.maskdm.yaml", "--run", "broken-off"]);
    await until("training begins", isRunning("broken-off"));
    await sleep(500); // the first step begins right afterwards
    requestStop(shop.run("broken-off"));
    const askedAt = Date.now();
    const { exitCode, err } = await run.ended;
    // The step would go on for much longer.
    expect(Date.now() - askedAt).toBeLessThan(6000 * slowness());
    expect(exitCode, err).toBe(0);
    expect(statusOf(shop.run("broken-off"))).toMatchObject({ state: "stopped", step: 0 });
    expect(newestCheckpoint(shop.run("broken-off")).state).toMatchObject({ step: 0, imagesSeen: 0 });

    const few = ["pretrain.batch_size=8", "pretrain.micro_batch_size=8"].flatMap((value) => ["--set", value]);
    await Promise.all([
      shop.succeed("resume", "broken-off", "--steps", "2", ...few),
      shop.succeed("pretrain", "long.maskdm.yaml", "--run", "whole", "--steps", "2", ...few),
    ]);
    expect(differences(shop.run("broken-off"), shop.run("whole"))).toEqual([]);
  }, 120_000);

  it("a request in the control file is honoured when the step is done", async () => {
    const set = ["pretrain.batch_size=64", "pretrain.log_every=1", "pretrain.steps=100"];
    const run = shop.start(["pretrain", "long.maskdm.yaml", "--run", "b", ...set.flatMap((value) => ["--set", value])]);
    await until("training begins", isRunning("b"));
    await sleep(500); // the first step begins right afterwards
    const done = learning(shop.run("b")).length;
    requestStop(shop.run("b"));
    const { exitCode, err } = await run.ended;
    expect(exitCode, err).toBe(0);
    const { state, step } = statusOf(shop.run("b"));
    expect(state).toBe("stopped");
    // The step at work when it was asked for, unless that takes so long that it is broken off; on a machine quicker than a second a step the next one, which the engine has been
    // asked for, too; and where one takes less than half a second, the one before the file was looked at.
    expect(step).toBeGreaterThanOrEqual(done);
    expect(step).toBeLessThanOrEqual(done + 3);
    expect(newestCheckpoint(shop.run("b")).state).toMatchObject({ step, imagesSeen: 64 * step });
  }, 120_000);
});
