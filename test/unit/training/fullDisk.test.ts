/** A disk that fills up during a run: nothing written is lost, and the run goes on when there is room again. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listCheckpoints } from "../../../src/node/run/checkpoints.ts";
import { fill, mountDisk, unmountDisk } from "./smallDisk.ts";
import { differences, learning, QUICK, statusOf, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
let disk: string | null = null;

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 24, size: 8 });
  const pretrain = { ...QUICK, steps: 60, checkpoint_every: 4, keep_checkpoints: 1000, log_every: 1 };
  shop.experiment("tiny", tinyExperiment({ pretrain }));
  disk = mountDisk(shop.path("disk"), "2m");
});
afterAll(() => unmountDisk(disk));

describe("a full disk", () => {
  it("ends the run with a clear message, leaves its checkpoints intact, and the run goes on later", async (context) => {
    if (disk === null) return context.skip("mounting a small disk takes root on Linux");
    const runDir = join(disk, "filled");
    const args = ["pretrain", "tiny.maskdm.yaml", "--runs-dir"];
    const [{ exitCode, err }] = await Promise.all([
      shop.maskdm(...args, disk, "--run", "filled"),
      shop.succeed(...args, "runs", "--run", "whole"),
    ]);
    expect(exitCode, err).toBe(1);
    expect(err).toMatch(/^error: .*the disk is full \(ENOSPC\)/m);
    expect(err).toContain(`maskdm resume ${runDir}`);
    expect(err).not.toMatch(/\n {4}at |unexpected/);
    const { whole, damaged } = listCheckpoints(runDir);
    expect(whole.length).toBeGreaterThan(2);
    expect(damaged).toEqual([]);
    const newest = whole.at(-1)!;
    const weights = readFileSync(join(newest.dir, "model.safetensors"));

    // Still full: a resume cannot begin to write, says so, and spoils nothing.
    const filler = join(disk, "filler");
    fill(filler);
    const again = await shop.maskdm("resume", runDir);
    expect(again.exitCode, again.err).toBe(1);
    expect(again.err).toMatch(/the disk is full/);
    expect(again.err).not.toMatch(/\n {4}at |unexpected/);
    expect(readFileSync(join(newest.dir, "model.safetensors")).equals(weights)).toBe(true);

    // Room is made: the filler and all but the newest checkpoint go.
    rmSync(filler);
    for (const { dir } of whole.slice(0, -1)) rmSync(dir, { recursive: true });
    await shop.succeed("resume", runDir, "--set", "pretrain.keep_checkpoints=1");
    expect(statusOf(runDir)).toMatchObject({ state: "finished", step: 60 });
    expect(differences(runDir, shop.run("whole"))).toEqual([]);
    expect(learning(runDir)).toEqual(learning(shop.run("whole")));
  });

  it("ends a run whose evaluation finds no room, with its checkpoint intact", async (context) => {
    if (disk === null) return context.skip("mounting a small disk takes root on Linux");
    const runDir = join(disk, "evaluated");
    const many = ["steps=4", "log_every=4", "evaluate_every=4", "evaluate_samples=20000"];
    const options = ["sample.steps=1", ...many.map((set) => `pretrain.${set}`)].flatMap((set) => ["--set", set]);
    rmSync(join(disk, "filled"), { recursive: true, force: true });
    const { exitCode, err } = await shop.maskdm(
      ...["pretrain", "tiny.maskdm.yaml", "--runs-dir", disk, "--run", "evaluated", ...options],
    );
    expect(exitCode, err).toBe(1);
    expect(err).toMatch(/^error: Cannot write .*samples-\d+\.pixels: the disk is full \(ENOSPC\)/m);
    expect(err).not.toMatch(/\n {4}at |unexpected|goes on/);
    expect(listCheckpoints(runDir).whole.map(({ step }) => step)).toEqual([4]);
    expect(listCheckpoints(runDir).damaged).toEqual([]);
  }, 60_000);
});
