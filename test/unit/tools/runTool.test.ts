import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findProgram } from "../../../src/node/findProgram.ts";
import { lookupProcess } from "../../../src/node/run/process.ts";
import { runTool } from "../../../src/trainer/tools/runTool.ts";

const WAIT = { timeout: 30_000, interval: 5 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-tool-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a tool", () => {
  /** Starts a process, as npm starts an install script, writes down its number and waits for it. */
  const PARENT = `
    const { spawn } = require("node:child_process");
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
    require("node:fs").writeFileSync("pid.part", String(child.pid));
    require("node:fs").renameSync("pid.part", "pid");
  `;

  it("that is stopped ends with what it has started", async () => {
    const stop = new AbortController();
    const ended = runTool(process.execPath, ["-e", PARENT], { cwd: folder, signal: stop.signal });
    ended.catch(() => {}); // awaited below
    const pidFile = join(folder, "pid");
    await expect.poll(() => existsSync(pidFile), WAIT).toBe(true);
    stop.abort(new Error("stopped by the test"));
    await expect(ended).rejects.toThrow("stopped by the test");
    const pid = Number(readFileSync(pidFile, "utf8"));
    await expect.poll(() => lookupProcess(pid).found, WAIT).toBe("gone");
  });

  it("that takes too long is ended, and says so", async () => {
    const options = { cwd: folder, signal: new AbortController().signal, limitMinutes: 0.001 };
    const output = "it was not done within 0.001 minutes";
    expect(await runTool(process.execPath, ["-e", PARENT], options)).toEqual({ ok: false, missing: false, output });
  });

  it("does not begin where it was stopped before", async () => {
    const signal = AbortSignal.abort(new Error("stopped before"));
    const program = 'require("node:fs").writeFileSync("begun", "")';
    await expect(runTool(process.execPath, ["-e", program], { cwd: folder, signal })).rejects.toThrow("stopped before");
    expect(existsSync(join(folder, "begun"))).toBe(false);
  });
});

describe("Windows' PATH", () => {
  it("has a program that one of its folders holds with an extension that is run", () => {
    const [first, second] = ["first", "second"].map((name) => join(folder, name)) as [string, string];
    for (const name of [first, second]) mkdirSync(name);
    writeFileSync(join(second, "npm.cmd"), "");
    writeFileSync(join(first, "npm"), "");
    const find = (env: NodeJS.ProcessEnv) => findProgram("npm", env, "win32");
    expect(find({ Path: `${first};"${second}";` })).toBe(join(second, "npm.cmd"));
    expect(find({ PATH: `;${second}`, PATHEXT: ".EXE;.CMD" })).toBe(join(second, "npm.cmd"));
    expect(find({ PATH: second, PATHEXT: ".EXE" })).toBeNull();
    expect(find({ Path: first })).toBeNull();
    expect(find({})).toBeNull();
  });
});

it.skipIf(process.platform === "win32")("a program is found by its name or its path, where it may be executed", () => {
  const [plain, program] = ["plain", "program"].map((name) => join(folder, name)) as [string, string];
  for (const file of [plain, program]) writeFileSync(file, "");
  chmodSync(program, 0o755);
  mkdirSync(join(folder, "below", "program"), { recursive: true });
  const PATH = [join(folder, "below"), folder].join(":");
  expect(findProgram("program", { PATH })).toBe(program);
  expect(findProgram("plain", { PATH })).toBeNull();
  expect(findProgram(program, {})).toBe(program);
  expect(findProgram(plain, {})).toBeNull();
});
