import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import { acquireLock, lockHolder } from "../../../src/node/run/lock.ts";
import { thisProcess } from "../../../src/node/run/process.ts";
import { writeStatus } from "../../../src/trainer/run/statusWriter.ts";
import { buildProgram, deadProcess, start, temporaryFolder } from "./support.ts";

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

describe("acquireLock", () => {
  test("refuses a second writer until the first has released", () => {
    const runDir = temporaryFolder();
    expect(lockHolder(runDir)).toEqual({ held: false });
    const first = acquireLock(runDir);
    expect(lockHolder(runDir)).toMatchObject({ held: true, by: { pid: process.pid } });
    expect(() => acquireLock(runDir)).toThrow(UserError);
    expect(() => acquireLock(runDir)).toThrow(`being written by process ${process.pid}`);
    expect(() => acquireLock(runDir)).toThrow(`maskdm stop ${runDir}`);
    first.release();
    expect(lockHolder(runDir)).toEqual({ held: false });
    acquireLock(runDir);
    expect(locks(runDir)).toEqual(["lock-0002.json"]);
  });

  test("takes over from a dead process, and from a pid used again", async () => {
    const runDir = temporaryFolder();
    writeLock(runDir, 7, { pid: await deadProcess() });
    acquireLock(runDir).release();
    const mine = thisProcess().processStart;
    writeLock(runDir, 9, { processStart: `${mine.slice(0, mine.lastIndexOf(":"))}:1` });
    acquireLock(runDir);
    expect(locks(runDir)).toEqual(["lock-0010.json"]);
  });

  test("believes a writer that it cannot look for as long as the heartbeat is fresh", () => {
    const runDir = temporaryFolder();
    const old = new Date(Date.now() - 3_600_000).toISOString();
    writeLock(runDir, 1, { host: "elsewhere" });
    expect(() => acquireLock(runDir)).toThrow(/on elsewhere.*cannot be looked for from here/);
    writeLock(runDir, 1, { host: "elsewhere", acquiredAt: old });
    const report = { imagesSeen: 0, imagesPerSecond: null, etaSeconds: null, loss: null, message: null };
    writeStatus(runDir, { state: "running", step: 1, totalSteps: 2, ...report }, false);
    expect(lockHolder(runDir)).toMatchObject({ held: true, certain: false });
    const status = join(runDir, "status.json");
    writeFileSync(status, readFileSync(status, "utf8").replace(/"heartbeat": "[^"]*"/, `"heartbeat": "${old}"`));
    expect(lockHolder(runDir)).toEqual({ held: false });
    acquireLock(runDir);
  });

  test("waits for a lock that is being written, and takes over one whose writer died over it", () => {
    const runDir = temporaryFolder();
    const path = join(runDir, "lock-0001.json");
    writeFileSync(path, "");
    expect(lockHolder(runDir)).toMatchObject({ held: true, by: null });
    const minuteAgo = Date.now() / 1000 - 60;
    utimesSync(path, minuteAgo, minuteAgo);
    acquireLock(runDir);
    expect(locks(runDir)).toEqual(["lock-0002.json"]);
  });

  test("waits for a process that has written its last status to release", async () => {
    const runDir = temporaryFolder();
    const folder = temporaryFolder();
    const holder = start(process.execPath, [buildProgram("contend.ts", folder), "0", "0", runDir]);
    await holder.line("won 0");
    expect(() => acquireLock(runDir)).toThrow(`process ${holder.child.pid}`);
    const report = { imagesSeen: 0, imagesPerSecond: null, etaSeconds: null, loss: null, message: null };
    writeStatus(runDir, { state: "stopped", step: 1, totalSteps: 2, ...report }, false);
    setTimeout(() => holder.child.kill("SIGKILL"), 0);
    await new Promise((resolve) => setTimeout(resolve, 1)); // acquireLock blocks this thread, so the kill goes first
    acquireLock(runDir);
    expect(lockHolder(runDir)).toMatchObject({ by: { pid: process.pid } });
  });
});

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
