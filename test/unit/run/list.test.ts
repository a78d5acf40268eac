import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import { RUN_FORMAT_VERSION } from "../../../src/core/run/format.ts";
import { listRuns, summarizeRun } from "../../../src/node/run/list.ts";
import { RUN_FILE } from "../../../src/node/run/runFiles.ts";
import { slowness } from "../../support/slowness.ts";
import { deadProcess, openRun, temporaryFolder } from "./support.ts";

const states = (runsDir: string) => Object.fromEntries(listRuns(runsDir).map(({ id, state }) => [id, state]));

describe("listRuns", () => {
  test("gives the fields of the contract", () => {
    const runsDir = temporaryFolder();
    const parent = { run: "grandmother", checkpoint: "/a/model.safetensors", step: 9, weights: "ema" as const };
    const run = openRun(runsDir, { id: "mother", stage: "finetune", parent });
    run.status.update({ state: "running", step: 7 });
    expect(listRuns(runsDir)).toEqual([
      { id: "mother", stage: "finetune", state: "running", step: 7, steps: 100, path: run.dir, parent: "grandmother" },
    ]);
    openRun(runsDir, { id: "daughter", parent: { ...parent, run: null } });
    expect(listRuns(runsDir).map(({ id, parent: from }) => [id, from])).toEqual([
      ["daughter", "/a/model.safetensors"],
      ["mother", "grandmother"],
    ]);
    run.close("finished");
    expect(summarizeRun(run.dir).state).toBe("finished");
  });

  test("lists the newest first, those of one moment as people count, damaged ones last", () => {
    const runsDir = temporaryFolder();
    const made = { r100: 1, r2: 1, r10: 1, r1: 1, old: 0, new: 2 };
    for (const [id, hour] of Object.entries(made)) {
      const run = openRun(runsDir, { id });
      run.close("finished");
      const record = { ...run.record, createdAt: `2026-01-01T0${hour}:00:00.000Z` };
      writeFileSync(join(run.dir, RUN_FILE), JSON.stringify(record));
    }
    mkdirSync(join(runsDir, "a-damaged", "checkpoints"), { recursive: true });
    expect(listRuns(runsDir).map(({ id }) => id)).toEqual(["new", "r1", "r2", "r10", "r100", "old", "a-damaged"]);
  });

  test("shows a run whose process is gone as interrupted, and writes nothing", async () => {
    const runsDir = temporaryFolder();
    const run = openRun(runsDir, { id: "dead" });
    run.status.update({ state: "running" });
    expect(states(runsDir)).toEqual({ dead: "running" });
    const record = { ...run.record, pid: await deadProcess() };
    writeFileSync(join(run.dir, RUN_FILE), JSON.stringify(record));
    expect(states(runsDir)).toEqual({ dead: "interrupted" });
    expect(listRuns(runsDir, Date.now() + 3_600_000)[0]!.state).toBe("interrupted");
  });

  test("shows damaged runs with the reason and skips what is no run", () => {
    const runsDir = temporaryFolder();
    const damage: Record<string, (dir: string) => void> = {
      "no-run": (dir) => rmSync(join(dir, "run.json")),
      "no-status": (dir) => rmSync(join(dir, "status.json")),
      "empty-run": (dir) => writeFileSync(join(dir, "run.json"), ""),
      "torn-status": (dir) => writeFileSync(join(dir, "status.json"), '{"formatVersion": 1, "sta'),
      "binary-run": (dir) => writeFileSync(join(dir, "run.json"), Buffer.alloc(300, 0xff)),
      "newer-run": (dir) => writeFileSync(join(dir, "run.json"), `{"formatVersion": ${RUN_FORMAT_VERSION + 1}}`),
      "folder-for-a-file": (dir) => {
        rmSync(join(dir, "status.json"));
        mkdirSync(join(dir, "status.json"));
      },
    };
    for (const [id, work] of Object.entries(damage)) {
      const run = openRun(runsDir, { id });
      run.close("finished");
      work(run.dir);
    }
    openRun(runsDir, { id: "good" }).close("finished");
    mkdirSync(join(runsDir, "pictures"));
    mkdirSync(join(runsDir, ".new-half-1", "checkpoints"), { recursive: true });
    writeFileSync(join(runsDir, "notes.txt"), "");
    symlinkSync(join(runsDir, "nowhere"), join(runsDir, "dangling"));
    symlinkSync(join(runsDir, "good"), join(runsDir, "linked"));
    const expected = {
      ...Object.fromEntries(Object.keys(damage).map((id) => [id, "damaged"])),
      good: "finished",
      linked: "finished",
    };
    expect(states(runsDir)).toEqual(expected);
    const reasons = Object.fromEntries(listRuns(runsDir).map(({ id, reason }) => [id, reason]));
    expect(reasons["no-run"]).toBe("run.json is missing");
    expect(reasons["torn-status"]).toBe("status.json is not valid JSON");
    expect(reasons["newer-run"]).toMatch(/newer/);
    expect(reasons["good"]).toBeUndefined();
  });

  test.skipIf(process.getuid?.() === 0)("lists a run that may not be read as damaged (root may read anything)", () => {
    const runsDir = temporaryFolder();
    const run = openRun(runsDir, { id: "locked" });
    run.close("finished");
    chmodSync(join(run.dir, "run.json"), 0);
    expect(states(runsDir)).toEqual({ locked: "damaged" });
  });

  test("refuses a folder that does not exist or is none", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    expect(() => listRuns(join(folder, "none"))).toThrow(/none does not exist/);
    expect(() => listRuns(join(folder, "file"))).toThrow(/file is no folder/);
    expect(() => listRuns(join(folder, "none"))).toThrow(UserError);
    expect(listRuns(folder)).toEqual([]);
  });

  test("lists 1,000 runs in a moment", () => {
    const runsDir = temporaryFolder();
    const run = openRun(runsDir, { id: "first" });
    run.status.update({ state: "running" });
    const status = JSON.stringify({
      formatVersion: RUN_FORMAT_VERSION,
      ...run.status.current,
      heartbeat: new Date().toISOString(),
    });
    for (let number = 1; number < 1000; number++) {
      const id = `run-${number}`;
      mkdirSync(join(runsDir, id));
      writeFileSync(join(runsDir, id, "run.json"), JSON.stringify({ ...run.record, id }));
      writeFileSync(join(runsDir, id, "status.json"), status);
    }
    let runs = listRuns(runsDir);
    const readings = Array.from({ length: 3 }, () => {
      const begun = performance.now();
      runs = listRuns(runsDir);
      return performance.now() - begun;
    });
    expect(runs).toHaveLength(1000);
    expect(runs.every(({ state }) => state === "running")).toBe(true);
    expect(Math.min(...readings)).toBeLessThan(1000 * slowness());
  });
});
