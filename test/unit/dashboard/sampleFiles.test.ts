import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { listSamples } from "../../../src/node/run/sampleFiles.ts";

it("lists a run's pictures by step, its own first, each with the way there; temporary and other files are none", async () => {
  const dir = mkdtempSync(join(tmpdir(), "maskdm-samples-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  expect(await listSamples(dir)).toEqual([]);
  mkdirSync(join(dir, "samples", "step-00000009.png"), { recursive: true });
  for (const name of [
    "step-00001000.png",
    "step-00000500-ddim-20-seed-3.png",
    "step-00000500-ddim-20-seed-3-trajectory.png",
    "step-00000500.png",
    "mine.png",
    "step-00002000-page-10-of-12.png",
    "step-00002000-page-02-of-12.png",
    "step-00002000-ddim-9-page-1-of-2.png",
    "step-00002000-ddim-9-page-2-of-2.png",
    "step-00002000-ddim-9-trajectory.png",
    "step-00003000-trajectory-page-1-of-2.png",
    ".step-00002000.png.tmp-1-2",
    "notes.txt",
  ]) {
    writeFileSync(join(dir, "samples", name), name);
  }
  // Single images are in a folder of their own.
  mkdirSync(join(dir, "samples", "step-00000500-ddim-20-seed-3"));
  writeFileSync(join(dir, "samples", "step-00000500-ddim-20-seed-3", "00000.png"), "");
  const found = await listSamples(dir);
  const told = found.map(({ name, step, variant, page, trajectory }) => [
    name,
    step,
    variant,
    ...(page === null ? [] : [`${page.number} of ${page.of}`]),
    trajectory,
  ]);
  expect(told).toEqual([
    ["step-00000500.png", 500, "", null],
    ["step-00000500-ddim-20-seed-3.png", 500, "ddim-20-seed-3", "step-00000500-ddim-20-seed-3-trajectory.png"],
    ["step-00001000.png", 1000, "", null],
    ["step-00002000-page-02-of-12.png", 2000, "", "2 of 12", null],
    ["step-00002000-page-10-of-12.png", 2000, "", "10 of 12", null],
    ["step-00002000-ddim-9-page-1-of-2.png", 2000, "ddim-9", "1 of 2", "step-00002000-ddim-9-trajectory.png"],
    ["step-00002000-ddim-9-page-2-of-2.png", 2000, "ddim-9", "2 of 2", null],
    // Several pages of a way are pictures of their own: each can be looked at.
    ["step-00003000-trajectory-page-1-of-2.png", 3000, "trajectory", "1 of 2", null],
    ["mine.png", null, "mine", null],
  ]);
  expect(new Set(found.map(({ version }) => version)).size).toBeGreaterThan(1);
});
