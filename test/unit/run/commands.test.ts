import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { readControl } from "../../../src/node/run/control.ts";
import { summarizeRun } from "../../../src/node/run/list.ts";
import { currentLock } from "../../../src/node/run/lockFiles.ts";
import { RUN_FILE } from "../../../src/node/run/runFiles.ts";
import type { Io } from "../../../src/trainer/cli/io.ts";
import { runCommandLine } from "../../../src/trainer/cli/program.ts";
import * as runs from "../../../src/trainer/cli/runs.ts";
import * as stop from "../../../src/trainer/cli/stop.ts";
import { buildProgram, deadProcess, openRun, start, temporaryFolder } from "./support.ts";

async function maskdm(...argv: string[]) {
  const result = { exitCode: -1, out: "", err: "", json: undefined as unknown };
  const io: Io = {
    stdout: (text) => {
      result.out += `${text}\n`;
    },
    stderr: (text) => {
      result.err += `${text}\n`;
    },
    json: (value) => {
      result.json = JSON.parse(JSON.stringify(value));
    },
    isTerminal: false,
  };
  result.exitCode = await runCommandLine(argv, io, [runs, stop]);
  return result;
}

const isAsked = (runDir: string) => vi.waitFor(() => expect(readControl(runDir)).not.toBeNull(), 10_000);

describe("maskdm runs", () => {
  test("prints the contract's JSON, or a table", async () => {
    const runsDir = temporaryFolder();
    const run = openRun(runsDir, { id: "faces" });
    run.status.update({ state: "running", step: 7 });
    const broken = openRun(runsDir, { id: "broken" });
    broken.close("finished");
    writeFileSync(join(broken.dir, RUN_FILE), "");
    const { exitCode, json, out } = await maskdm("runs", runsDir, "--json");
    expect(exitCode).toBe(0);
    expect(out).toBe("");
    expect(json).toEqual([
      { id: "faces", stage: "pretrain", state: "running", step: 7, steps: 100, path: run.dir, parent: null },
      {
        id: "broken",
        stage: null,
        state: "damaged",
        step: 0,
        steps: null,
        path: broken.dir,
        parent: null,
        reason: "run.json is empty",
      },
    ]);
    const table = await maskdm("runs", runsDir);
    expect(table.out.trimEnd().split("\n")).toEqual([
      "RUN     STAGE     STATE    STEP   FROM",
      "faces   pretrain  running  7/100",
      "broken  ?         damaged  0/?",
      "broken: run.json is empty",
    ]);
  });

  test("an empty folder is no error, a missing one that was named is", async () => {
    const folder = temporaryFolder();
    expect(await maskdm("runs", folder, "--json")).toMatchObject({ exitCode: 0, json: [] });
    expect(await maskdm("runs", folder)).toMatchObject({ exitCode: 0, out: "", err: `no runs in ${folder}\n` });
    const missing = await maskdm("runs", join(folder, "none"));
    expect(missing).toMatchObject({ exitCode: 2, out: "" });
    expect(missing.err).toContain("does not exist");
  });
});

describe("maskdm stop", () => {
  test("asks a process that trains, which saves and ends", async () => {
    const folder = temporaryFolder();
    const runDir = join(folder, "runs", "faces");
    const trainer = start(process.execPath, [buildProgram("train.ts", folder), runDir, "10"]);
    await trainer.line("saved");
    const stopped = await maskdm(
      "stop",
      "faces",
      "--runs-dir",
      join(folder, "runs"),
      "--wait",
      "--timeout",
      "50",
      "--json",
    );
    expect(stopped.err).toMatch(/asked faces to stop.*\nfaces stopped at step \d+ of 100\n/);
    expect(stopped.exitCode).toBe(0);
    expect(stopped.json).toMatchObject({ id: "faces", state: "stopped", wasRunning: true });
    expect((await trainer.ended).code).toBe(0);
    expect(readControl(runDir)).toBeNull();
    const again = await maskdm("stop", runDir);
    expect(again).toMatchObject({ exitCode: 0 });
    expect(again.err).toMatch(/stopped at step \d+ of 100; there is nothing to stop/);
    expect(readControl(runDir)).toBeNull();
  });

  test("returns at once without --wait, and gives up at the timeout", async () => {
    const run = openRun(temporaryFolder(), { id: "slow" });
    run.status.update({ state: "running" });
    expect(await maskdm("stop", run.dir)).toMatchObject({ exitCode: 0 });
    expect(run.stopRequested()).toBe(true);
    const waited = await maskdm("stop", run.dir, "--wait", "--timeout", "1");
    expect(waited.exitCode).toBe(1);
    expect(waited.err).toMatch(/slow running at step 0 of 100 after 1 seconds; the request stands/);
  });

  test("says that a dead run is dead, and marks nothing", async () => {
    const run = openRun(temporaryFolder(), { id: "dead" });
    run.status.update({ state: "running" });
    const pid = await deadProcess();
    for (const [name, before] of [
      [RUN_FILE, run.record],
      ["lock-0001.json", currentLock(run.dir)],
    ] as const) {
      writeFileSync(join(run.dir, name), JSON.stringify({ ...before, pid }));
    }
    const { exitCode, err } = await maskdm("stop", run.dir);
    expect(exitCode).toBe(1);
    expect(err).toMatch(/dead is not running: .*Nothing was changed\..*maskdm resume/);
    expect(readControl(run.dir)).toBeNull();
    expect(summarizeRun(run.dir).state).toBe("interrupted");
  });

  test("tells that the process died while it waited for it", async () => {
    const folder = temporaryFolder();
    const runDir = join(folder, "runs", "faces");
    const trainer = start(process.execPath, [buildProgram("train.ts", folder), runDir, "60000"]);
    await trainer.line("saved"); // and now it sleeps for a minute
    const waiting = maskdm("stop", runDir, "--wait");
    await isAsked(runDir);
    trainer.child.kill("SIGKILL");
    const { exitCode, err } = await waiting;
    expect(exitCode).toBe(1);
    expect(err).toMatch(/faces is not running: its process is gone/);
  });

  test("tells a run that ended badly from one that stopped", async () => {
    const run = openRun(temporaryFolder(), { id: "bad" });
    run.status.update({ state: "running" });
    const waiting = maskdm("stop", run.dir, "--wait");
    await isAsked(run.dir);
    run.close("diverged", "the loss is no longer a number");
    const { exitCode, err } = await waiting;
    expect(exitCode).toBe(1);
    expect(err).toMatch(/bad ended as diverged/);
  });

  test("refuses an unknown or damaged run", async () => {
    const runsDir = temporaryFolder();
    expect(await maskdm("stop", "none", "--runs-dir", runsDir)).toMatchObject({ exitCode: 2 });
    const run = openRun(runsDir, { id: "broken" });
    run.close("finished");
    writeFileSync(join(run.dir, RUN_FILE), "{");
    const { exitCode, err } = await maskdm("stop", "broken", "--runs-dir", runsDir);
    expect(exitCode).toBe(2);
    expect(err).toMatch(/broken is damaged: run.json is not valid JSON/);
  });
});
