import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { listSamples } from "../../../src/extension/dashboard/sampleFiles.ts";

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
    ".step-00002000.png.tmp-1-2",
    "notes.txt",
  ]) {
    writeFileSync(join(dir, "samples", name), name);
  }
  const found = await listSamples(dir);
  expect(found.map(({ name, step, variant, trajectory }) => [name, step, variant, trajectory])).toEqual([
    ["step-00000500.png", 500, "", null],
    ["step-00000500-ddim-20-seed-3.png", 500, "ddim-20-seed-3", "step-00000500-ddim-20-seed-3-trajectory.png"],
    ["step-00001000.png", 1000, "", null],
    ["mine.png", null, "mine", null],
  ]);
  expect(new Set(found.map(({ version }) => version)).size).toBeGreaterThan(1);
});
