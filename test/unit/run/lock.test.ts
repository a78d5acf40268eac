import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import { STALE_SECONDS } from "../../../src/core/run/liveness.ts";
import { LifeWatch } from "../../../src/node/run/lifeWatch.ts";
import { acquireLock, lockHolder, lockNew } from "../../../src/node/run/lock.ts";
import { thisProcess } from "../../../src/node/run/process.ts";
import { writeStatus } from "../../../src/trainer/run/statusWriter.ts";
import { saveStep, stepMetrics } from "./examples.ts";
import { buildProgram, deadProcess, openRun, start, temporaryFolder } from "./support.ts";

const locks = (runDir: string) => readdirSync(runDir).filter((name) => name.startsWith("lock-"));

function writeLock(runDir: string, number: number, change: Record<string, unknown>): string {
  const record = {
    formatVersion: 1,
    ...thisProcess(),
    acquiredAt: new Date().toISOString(),
    released: false,
    ...change,
  };
  const path = join(runDir, `lock-${String(number).padStart(4, "0")}.json`);
  writeFileSync(path, JSON.stringify(record));
  return path;
}

const report = { imagesSeen: 0, imagesPerSecond: null, etaSeconds: null, loss: null, message: null };
const HOUR_MS = 3_600_000;

/** Writes the status of a process whose clock is off by so much. */
function beat(runDir: string, offsetMs: number, state: "running" | "stopped" = "running"): void {
  writeStatus(runDir, { state, step: 1, totalSteps: 2, ...report }, false);
  const path = join(runDir, "status.json");
  const heartbeat = new Date(Date.now() + offsetMs).toISOString();
  writeFileSync(path, readFileSync(path, "utf8").replace(/"heartbeat": "[^"]*"/, `"heartbeat": "${heartbeat}"`));
}

/** A minute goes by in less than a second. */
const hasty = (): LifeWatch => new LifeWatch(() => performance.now() / 10);
const silent = (): void => {};

describe("acquireLock", () => {
  test("refuses a second writer until the first has released", async () => {
    const runDir = temporaryFolder();
    expect(lockHolder(runDir)).toEqual({ held: false });
    const first = await acquireLock(runDir);
    expect(lockHolder(runDir)).toMatchObject({ held: true, by: { pid: process.pid } });
    await expect(acquireLock(runDir)).rejects.toThrow(UserError);
    await expect(acquireLock(runDir)).rejects.toThrow(`being written by process ${process.pid}`);
    await expect(acquireLock(runDir)).rejects.toThrow(`maskdm stop ${runDir}`);
    expect(() => lockNew(runDir)).toThrow(`being written by process ${process.pid}`);
    first.release();
    expect(lockHolder(runDir)).toEqual({ held: false });
    await acquireLock(runDir);
    expect(locks(runDir)).toEqual(["lock-0002.json"]);
  });

  test("takes over from a dead process, and from a pid used again", async () => {
    const runDir = temporaryFolder();
    writeLock(runDir, 7, { pid: await deadProcess() });
    (await acquireLock(runDir)).release();
    const mine = thisProcess().processStart;
    writeLock(runDir, 9, { processStart: `${mine.slice(0, mine.lastIndexOf(":"))}:1` });
    await acquireLock(runDir);
    expect(locks(runDir)).toEqual(["lock-0010.json"]);
  });

  test.each([
    ["two hours ahead", 2 * HOUR_MS],
    ["two hours behind", -2 * HOUR_MS],
  ])("refuses where a writer on another machine gives signs of life, its clock being %s", async (_, offset) => {
    const runDir = temporaryFolder();
    writeLock(runDir, 1, { host: "elsewhere", acquiredAt: new Date(Date.now() + offset).toISOString() });
    beat(runDir, offset);
    const beating = setInterval(() => beat(runDir, offset), 100);
    onTestFinished(() => clearInterval(beating));
    const told: string[] = [];
    const refused = acquireLock(runDir, (line) => told.push(line), hasty());
    await expect(refused).rejects.toThrow(/being written by process \d+ on elsewhere/);
    expect(told).toEqual([expect.stringMatching(/on elsewhere, which cannot be looked for.*watching for 60 seconds/)]);
    expect(locks(runDir)).toEqual(["lock-0001.json"]);
  });

  test("takes over where there is no sign of life for a minute, though by the clock there was one just now", async () => {
    const runDir = temporaryFolder();
    writeLock(runDir, 1, { host: "elsewhere" });
    beat(runDir, 0);
    const startedAt = performance.now();
    const lock = await acquireLock(runDir, silent, hasty());
    expect(performance.now() - startedAt).toBeGreaterThan(550);
    expect(locks(runDir)).toEqual(["lock-0002.json"]);
    lock.check();
  });

  test("waits for a lock that is being written, and takes over one whose writer died over it", async () => {
    const runDir = temporaryFolder();
    const path = join(runDir, "lock-0001.json");
    writeFileSync(path, "");
    utimesSync(path, 0, Date.now() / 1000 + 3600); // the disk has a clock, too
    const taken = acquireLock(runDir, silent, hasty());
    writeLock(runDir, 1, {});
    await expect(taken).rejects.toThrow(`being written by process ${process.pid}`);
    writeFileSync(path, "");
    await acquireLock(runDir, silent, hasty());
    expect(locks(runDir)).toEqual(["lock-0002.json"]);
  });

  test("waits for a process that has written its last status to release", async () => {
    const runDir = temporaryFolder();
    const folder = temporaryFolder();
    const holder = start(process.execPath, [buildProgram("contend.ts", folder), "0", "0", runDir]);
    await holder.line("won 0");
    await expect(acquireLock(runDir)).rejects.toThrow(`process ${holder.child.pid}`);
    beat(runDir, 0, "stopped");
    const waiting = acquireLock(runDir);
    holder.child.kill("SIGKILL");
    await waiting;
    expect(lockHolder(runDir)).toMatchObject({ by: { pid: process.pid } });
  });
});

describe("lockHolder", () => {
  test("of a writer that cannot be looked for goes by the clock if asked once, by its sign of life if it is watched", () => {
    const runDir = temporaryFolder();
    writeLock(runDir, 1, { host: "elsewhere", acquiredAt: new Date(Date.now() - HOUR_MS).toISOString() });
    beat(runDir, 0);
    expect(lockHolder(runDir)).toMatchObject({ held: true, certain: false });
    beat(runDir, -HOUR_MS);
    expect(lockHolder(runDir)).toEqual({ held: false });
    let now = 0;
    const watch = new LifeWatch(() => now);
    expect(lockHolder(runDir, watch)).toMatchObject({ held: true, certain: false });
    beat(runDir, -HOUR_MS + 1000);
    expect(lockHolder(runDir, watch)).toMatchObject({ held: true, certain: true });
    for (; now < STALE_SECONDS; now += 5) expect(lockHolder(runDir, watch).held).toBe(true);
    expect(lockHolder(runDir, watch)).toEqual({ held: false });
  });
});

describe("a lock that somebody else has taken over", () => {
  test("is noticed before anything is written, and nothing is written then", async () => {
    const run = openRun(temporaryFolder());
    run.metrics.append(stepMetrics(1));
    await saveStep(run, 1);
    run.status.update({ state: "running" });
    writeLock(run.dir, 2, { host: "nodeb", pid: 4711 });
    rmSync(join(run.dir, "lock-0001.json"));
    const before = snapshot(run.dir);
    const lost = /was taken over by process 4711 on nodeb.*writes nothing more/;
    expect(() => run.status.update({ state: "stopping" })).toThrow(lost);
    expect(() => run.metrics.append(stepMetrics(2))).toThrow(lost);
    expect(() => run.update({ backend: "onnx" })).toThrow(lost);
    expect(() => run.samplePath(1)).toThrow(lost);
    expect(() => run.stopRequested()).toThrow(lost);
    await expect(saveStep(run, 2)).rejects.toThrow(lost);
    run.log("not mine to write");
    run.status.beat();
    expect(run.close("failed", "lost")).toEqual([]);
    expect(snapshot(run.dir)).toEqual(before);
  });

  test("also where it was only deleted", () => {
    const run = openRun(temporaryFolder());
    rmSync(join(run.dir, "lock-0001.json"));
    expect(() => run.status.update({ state: "running" })).toThrow(/The lock of \S+ is gone.*writes nothing more/);
    run.close("failed");
    expect(locks(run.dir)).toEqual([]);
  });
});

test("a sign of life that was not looked at for long has not been watched", () => {
  let now = 0;
  const watch = new LifeWatch(() => now);
  expect(watch.look("a", "1")).toBe("unsure");
  now += 3600; // as while the machine slept
  expect(watch.look("a", "1")).toBe("unsure");
  expect(watch.look("a", "2")).toBe("moving");
  for (let seconds = 0; seconds < STALE_SECONDS - 4; seconds += 4) {
    now += 4;
    expect(watch.look("a", "2")).toBe("moving");
  }
  now += 4;
  expect(watch.look("a", "2")).toBe("standing");
  expect(watch.look("a", "1")).toBe("moving");
  expect(watch.look("b", "1")).toBe("unsure");
});

/** All files of a folder and what is in them. */
function snapshot(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), "latin1")]),
  );
}

test("of several processes that contend for a lock, free or stale, exactly one wins each time", async () => {
  const folder = temporaryFolder();
  const pid = await deadProcess();
  const runDirs = Array.from({ length: 40 }, (_, index) => {
    const runDir = join(folder, `run-${index}`);
    mkdirSync(runDir);
    if (index % 2 === 0) writeLock(runDir, 3, { pid });
    return runDir;
  });
  const program = buildProgram("contend.ts", folder);
  const at = String(Date.now() + 1500);
  const rivals = Array.from({ length: 4 }, () => start(process.execPath, [program, at, "25", ...runDirs]));
  await Promise.all(rivals.map(({ line }) => line("done")));
  for (const [index, runDir] of runDirs.entries()) {
    const winners = rivals.filter(({ lines }) => lines.includes(`won ${index}`));
    expect(winners, `round ${index}`).toHaveLength(1);
    expect(lockHolder(runDir)).toMatchObject({ by: { pid: winners[0]!.child.pid } });
  }
});
