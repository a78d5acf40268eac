/** The loop around the step: asked ahead, few messages, little work and no growing memory. All from one run, counted or as ratios. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trainerBuild, workerEntry } from "../../../scripts/trainerBuild.mjs";
import { namesIn } from "../../../src/node/run/files.ts";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import { AHEAD_SECONDS } from "../../../src/trainer/loop/train.ts";
import { type LoopCounts, loopCountsSchema } from "./loopCounts.ts";

const REPOSITORY = join(import.meta.dirname, "../../..");
/** Inside the repository, so that packages which are not bundled are found. */
let folder = "";
let counts: LoopCounts;

beforeAll(async () => {
  const cache = join(REPOSITORY, "node_modules", ".cache", "maskdm-test");
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, "loop-"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  await build({
    ...trainerBuild,
    absWorkingDir: REPOSITORY,
    entryPoints: { loop: "test/unit/guards/programs/loop.ts", ...workerEntry },
    outdir: folder,
  });
  const program = ["--expose-gc", join(folder, "loop.js"), join(folder, "runs")];
  counts = loopCountsSchema.parse(JSON.parse(execFileSync(process.execPath, program, { encoding: "utf8" })));
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

describe("training for 60 steps, with a checkpoint after 40", () => {
  it("asks for a step before the one before is answered, but not across a checkpoint, nor where steps are long", () => {
    expect(counts.steps).toBe(60);
    const { askedAhead, seconds } = counts;
    // What is known when step k can be asked for ahead is the time of step k - 2.
    const quick = seconds.flatMap((_, k) => ((seconds[k - 2] ?? AHEAD_SECONDS) < AHEAD_SECONDS ? [k] : []));
    expect(askedAhead).toEqual(quick.filter((step) => step !== 40));
  });

  it("sends one message a step, and three for the start and each checkpoint at most", () => {
    expect(counts.messages).toBeLessThanOrEqual(60 + 1 + 2 * 2);
  });

  it("keeps the main thread at work for a small part of the engine's time", () => {
    expect(counts.loopShare).toBeLessThan(0.25);
  });

  it("keeps nothing of a step in memory", () => {
    // A batch's arrays alone are 2 · 16 · 7 · 48 floats, 43 kB; what grows is code that is compiled as it is used.
    expect(counts.grownBytesPerStep).toBeLessThan(16_000);
  });

  it("the engine's wait is in the metrics, and is a small part of the time", () => {
    const runs = join(folder, "runs");
    const lines = readRunMetrics(join(runs, namesIn(runs)[0]!));
    expect(lines.length).toBe(6);
    const waited = lines.reduce((sum, { dataWaitSeconds }) => sum + dataWaitSeconds, 0);
    expect(waited / lines.at(-1)!.seconds).toBeLessThan(0.25);
  });
});
