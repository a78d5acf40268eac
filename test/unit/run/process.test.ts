import { spawnSync } from "node:child_process";
import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import { type ProcessIdentity, sameProcessTable, shownState } from "../../../src/core/run/liveness.ts";
import { RUN_STATES, type RunStatus } from "../../../src/core/run/status.ts";
import {
  checkProcess,
  lookupProcess,
  lookupPs,
  parseProcStat,
  parsePs,
  thisProcess,
} from "../../../src/node/run/process.ts";
import { deadProcess, openRun, start, temporaryFolder } from "./support.ts";

const identify = (pid: number): ProcessIdentity => {
  const found = lookupProcess(pid);
  if (found.found !== "alive") throw new Error(`process ${pid} is ${found.found}`);
  return { host: hostname(), pid, processStart: found.start };
};

describe("parsing", () => {
  test("/proc/<pid>/stat, whatever the process calls itself", () => {
    const stat = (name: string, state: string) =>
      `77 (${name}) ${state} 1 77 77 0 -1 4194304 98 0 0 0 5 6 0 0 20 0 1 0 99143 3133440 382`;
    expect(parseProcStat(stat("node", "S"))).toEqual({ ticks: "99143" });
    expect(parseProcStat(stat("a) Z (b", "R"))).toEqual({ ticks: "99143" });
    expect(parseProcStat(stat("node", "Z"))).toBe("gone");
    expect(parseProcStat(stat("node", "X"))).toBe("gone");
    expect(parseProcStat("")).toBe("unknown");
    expect(parseProcStat("77 (node) S 1")).toBe("unknown");
  });

  test("ps", () => {
    expect(parsePs("S+   Sun Nov 22 21:41:00 2026\n")).toEqual({ seconds: Date.UTC(2026, 10, 22, 21, 41) / 1000 });
    expect(parsePs("Z    Sun Nov 22 21:41:00 2026\n")).toBe("gone");
    expect(parsePs("")).toBe("gone");
    expect(parsePs("garbage")).toBe("unknown");
    expect(parsePs("S some day")).toBe("unknown");
  });
});

describe("checkProcess", () => {
  test("this process and its child live; the child is gone when it has ended", async () => {
    expect(checkProcess(thisProcess())).toBe("alive");
    expect(thisProcess()).toEqual(identify(process.pid));
    const { child, ended, line } = start(process.execPath, ["-e", "console.log('up'); process.stdin.resume()"]);
    await line("up");
    const identity = identify(child.pid!);
    expect(checkProcess(identity)).toBe("alive");
    child.kill("SIGKILL");
    await ended;
    expect(checkProcess(identity)).toBe("gone");
  });

  test("a pid that is used again by another process is gone", () => {
    const mine = thisProcess();
    const table = mine.processStart.slice(0, mine.processStart.lastIndexOf(":"));
    expect(checkProcess({ ...mine, processStart: `${table}:1` })).toBe("gone");
  });

  test("of another host, boot or platform nothing is known", () => {
    const mine = thisProcess();
    expect(checkProcess({ ...mine, host: `${mine.host}-other` })).toBe("unknown");
    expect(checkProcess({ ...mine, processStart: "linux:another-boot:4026531836:5" })).toBe("unknown");
    expect(checkProcess({ ...mine, processStart: "garbage" })).toBe("unknown");
    expect(sameProcessTable(mine, { ...mine, pid: 1, processStart: mine.processStart })).toBe(true);
  });

  test.skipIf(process.platform === "win32")("a zombie is gone (no zombies on Windows)", async () => {
    // The shell leaves a child behind and becomes a program that never waits for it.
    const { line } = start("sh", ["-c", "sleep 0 & echo $!; exec sleep 30"]);
    const pid = Number(await line(""));
    const zombie = () =>
      spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.startsWith("Z");
    for (let tries = 0; tries < 200 && !zombie(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(zombie()).toBe(true);
    expect(lookupProcess(pid)).toEqual({ found: "gone" });
    expect(lookupPs(pid)).toEqual({ found: "gone" });
  });

  test.skipIf(process.platform === "win32")(
    "ps, as on macOS, tells the start to the second (no ps on Windows)",
    async () => {
      const { child, line } = start(process.execPath, ["-e", "console.log('up'); process.stdin.resume()"]);
      await line("up");
      const found = lookupPs(child.pid!);
      expect(found).toEqual(lookupPs(child.pid!));
      const seconds = found.found === "alive" ? Number(found.start.split(":")[1]) : Number.NaN;
      expect(Math.abs(Date.now() / 1000 - seconds)).toBeLessThan(30);
    },
  );
});

describe("shownState", () => {
  const now = Date.UTC(2026, 10, 22);
  const status = (state: RunStatus["state"], ageSeconds: number): RunStatus => ({
    formatVersion: 1,
    state,
    step: 5,
    totalSteps: 10,
    imagesSeen: 160,
    imagesPerSecond: 10,
    etaSeconds: 5,
    loss: 0.1,
    heartbeat: new Date(now - 1000 * ageSeconds).toISOString(),
    message: null,
  });

  test("the states that need a process are interrupted without one, the others stay", () => {
    for (const state of RUN_STATES) {
      const final = ["finished", "stopped", "failed", "diverged"].includes(state);
      expect(shownState(status(state, 1), now, () => "alive")).toBe(state);
      expect(shownState(status(state, 1), now, () => "gone")).toBe(final ? state : "interrupted");
      expect(shownState(status(state, 61), now, () => "alive")).toBe(final ? state : "interrupted");
      expect(shownState(status(state, -3600), now, () => "alive")).toBe(final ? state : "interrupted");
      // Another host: the heartbeat is all there is.
      expect(shownState(status(state, 59), now, () => "unknown")).toBe(state);
    }
  });

  test("the process is not looked for where the answer does not depend on it", () => {
    const check = () => {
      throw new Error("looked for");
    };
    expect(shownState(status("finished", 1), now, check)).toBe("finished");
    expect(shownState(status("running", 3600), now, check)).toBe("interrupted");
  });
});

test("checkProcess finds the writer of a run, or that it is gone, or that it cannot be looked for", async () => {
  const { record } = openRun(temporaryFolder());
  expect(checkProcess(record)).toBe("alive");
  expect(checkProcess({ ...record, pid: await deadProcess() })).toBe("gone");
  expect(checkProcess({ ...record, host: "elsewhere" })).toBe("unknown");
});
