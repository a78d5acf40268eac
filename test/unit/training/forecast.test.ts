/** What a run is expected to take: measured beforehand on the very file, and kept in its status beside what it took. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Forecast } from "../../../src/core/cost/forecast.ts";
import { readMeasurements } from "../../../src/node/speedFile.ts";
import { QUICK, statusOf, tinyExperiment, until, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const PRETRAIN = { ...QUICK, steps: 90, checkpoint_every: 30, held_out_every: 30, sample_every: 60 };

beforeAll(async () => {
  // Where the systems' own variables do not lead, the tests below find nothing.
  for (const name of ["XDG_DATA_HOME", "LOCALAPPDATA"]) process.env[name] = shop.path("user");
  await writeImages(shop.path("images"), { count: 24, size: 8 });
  const rate = [{ until: 40, rate: 0.75 }, { rate: 0.5 }];
  const data = { path: "images", image_size: 8, holdout: 0.3 };
  const sample = { count: 2, steps: 2 };
  shop.experiment(
    "tiny",
    tinyExperiment({ data, mask: { strategy: "patch", rate }, pretrain: PRETRAIN, sample, finetune: QUICK }),
  );
});

async function forecasts(...args: string[]): Promise<Forecast[]> {
  return JSON.parse((await shop.succeed("forecast", "tiny.maskdm.yaml", "--json", ...args)).out) as Forecast[];
}

describe.skipIf(process.platform === "darwin")("a forecast", () => {
  it("knows the time once the steps were measured, and a run keeps it beside its own", async () => {
    const [unknown] = await forecasts("--stage", "pretrain");
    expect(unknown).toMatchObject({ stage: "pretrain", steps: 90, time: null });
    expect(unknown!.events).toEqual({ checkpoints: 3, sampleGrids: 2, heldOut: 3, evaluations: 0 });
    await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "unmeasured");
    expect(statusOf(shop.run("unmeasured")).forecasts).toMatchObject([{ madeAtStep: 50, basis: "own" }]);

    const [pretrain, finetune] = await forecasts("--measure");
    expect([pretrain!.time?.basis, finetune!.time?.basis]).toEqual(["same", "same"]);
    expect(pretrain!.time!.pieces).toHaveLength(2);
    // One for each mask, and one for whole images.
    const file = shop.path("user", "maskdm-studio", "speed", "measurements.json");
    expect(readMeasurements(file)[0]!.points.map(({ visibleTokens }) => visibleTokens)).toEqual([4, 8, 16]);
    expect((await forecasts())[0]!.time).toEqual(pretrain!.time);

    await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "measured");
    const status = statusOf(shop.run("measured"));
    expect(status.forecasts).toMatchObject([
      { madeAtStep: 0, basis: "same" },
      { madeAtStep: 50, basis: "own" },
    ]);
    expect(status.workSeconds).toBeGreaterThan(0);
    expect(status.forecasts![1]!.seconds).toBeGreaterThan(0);
  });

  it("is kept over a stop, and made anew where the run becomes another one", async () => {
    const steps = ["--set", "pretrain.steps=1000000"];
    const run = shop.start(["pretrain", "tiny.maskdm.yaml", "--run", "stopped", ...steps]);
    const isThere = (): boolean => existsSync(join(shop.run("stopped"), "status.json"));
    await until("the forecast", () => isThere() && statusOf(shop.run("stopped")).forecasts?.length === 2);
    run.child.kill("SIGTERM");
    await run.ended;
    const before = statusOf(shop.run("stopped"));
    const again = shop.start(["resume", "stopped"]);
    await until("more steps", () => statusOf(shop.run("stopped")).step > before.step + 60);
    again.child.kill("SIGTERM");
    await again.ended;
    const after = statusOf(shop.run("stopped"));
    expect(after.forecasts).toEqual(before.forecasts);
    expect(after.workSeconds).toBeGreaterThan(before.workSeconds!);

    await shop.succeed("resume", "stopped", "--steps", String(after.step + 70));
    const { forecasts: made, step } = statusOf(shop.run("stopped"));
    expect(step).toBe(after.step + 70);
    expect(made).toMatchObject([
      { madeAtStep: after.step, basis: "same" },
      { madeAtStep: after.step + 50, basis: "own" },
    ]);
  });

  it("is for a machine only: what cannot be read is measured again", async () => {
    const file = shop.path("user", "maskdm-studio", "speed", "measurements.json");
    writeFileSync(file, "{");
    const outcome = await shop.succeed("forecast", "tiny.maskdm.yaml");
    expect(outcome.out).toMatch(/pretrain: 90 steps.*\n {2}time +not known/);
    expect(outcome.err).toContain("--measure");
    rmSync(join(file, ".."), { recursive: true });
  });
});
