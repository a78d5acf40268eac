/** A terminal that is closed, or whose connection is lost, under runs that were started in it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isFinal } from "../../../src/core/run/status.ts";
import { ignoredBySigns, type StartSigns } from "../../../src/node/hangup.ts";
import { listRuns } from "../../../src/node/run/list.ts";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import {
  newestCheckpoint,
  QUICK,
  recordOf,
  statusOf,
  tinyExperiment,
  until,
  Workshop,
  writeImages,
} from "./support.ts";

const shop = new Workshop();
const ENDLESS = { ...QUICK, steps: 1_000_000, checkpoint_every: 1_000_000, log_every: 3 };
const PRETRAIN = ["pretrain", "endless.maskdm.yaml", "--run"];

/** What stands in the way of these tests here; null: nothing. */
function missing(): string | null {
  if (process.platform === "win32") return "Windows has no such terminals";
  const absent = ["python3", "bash", "nohup"].filter((name) => spawnSync(name, ["--version"]).error !== undefined);
  return absent.length > 0 ? `${absent.join(", ")} cannot be run here` : null;
}
const reason = missing();

/**
 * A shell in a terminal of its own. It types a line, closes the terminal when its stdin says so, and prints how the shell ended: its
 * exit code, or minus the number of a signal.
 */
const TERMINAL = `
import os, pty, select, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("bash", ["bash", "--norc", "-i"])
os.write(terminal, (sys.argv[1] + "\\n").encode())
while True:
    ready, _, _ = select.select([terminal, sys.stdin], [], [])
    if terminal in ready:
        os.read(terminal, 65536)
    if sys.stdin in ready:
        break
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
const children: ChildProcess[] = [];

/** Types a line into a terminal. @returns what closes it, and resolves with how its shell ended */
function inTerminal(line: string): () => Promise<number> {
  const child = spawn("python3", ["-c", TERMINAL, line], { cwd: shop.folder, stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  const printed = text(child.stdout);
  return async () => {
    child.stdin.end();
    return Number(await printed);
  };
}

const hasTrained = (id: string, step: number) => () => (readRunMetrics(shop.run(id)).at(-1)?.step ?? 0) >= step;
const logOf = (id: string) => readFileSync(join(shop.run(id), "log.txt"), "utf8");

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 24, size: 8 });
  shop.experiment("endless", tinyExperiment({ pretrain: ENDLESS }));
});
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  // Of a test that failed, a run that was to outlive its terminal may be left.
  const runs = listRuns(shop.path("runs")).filter(({ state }) => state === "running");
  for (const { path } of runs) process.kill(recordOf(path).pid, "SIGKILL");
});

describe.skipIf(reason !== null)(`a closed terminal${reason === null ? "" : ` (${reason})`}`, () => {
  it("lets a run finish its step, save and end", async () => {
    const close = inTerminal(shop.commandLine([...PRETRAIN, "closed"]));
    await until("step 6", hasTrained("closed", 6));
    await close();
    await until("the run's end", () => isFinal(statusOf(shop.run("closed")).state));
    const { state, step } = statusOf(shop.run("closed"));
    expect(state, logOf("closed")).toBe("stopped");
    expect(newestCheckpoint(shop.run("closed")).state.step).toBe(step);
    expect(logOf("closed")).toContain("stop asked for by SIGHUP");
  });

  it("ends the process as a hangup does, once all is saved", async () => {
    const close = inTerminal(`exec ${shop.commandLine([...PRETRAIN, "alone"])}`);
    await until("step 6", hasTrained("alone", 6));
    expect(await close()).toBe(-constants.signals.SIGHUP);
    expect(statusOf(shop.run("alone")).state).toBe("stopped");
  });

  it("does not end a run under nohup", async () => {
    const close = inTerminal(`nohup ${shop.commandLine([...PRETRAIN, "kept"])} > nohup.log 2>&1 &`);
    await until("step 6", hasTrained("kept", 6));
    await close();
    await until("the run going on", hasTrained("kept", readRunMetrics(shop.run("kept")).at(-1)!.step + 30));
    await shop.succeed("stop", "kept", "--wait");
    expect(logOf("kept")).toContain("stop asked for by control file");
  });

  it("does not end a run that ignores it and has nowhere to write any more", async () => {
    const close = inTerminal(`trap '' HUP; ${shop.commandLine([...PRETRAIN, "mute"])}`);
    await until("step 6", hasTrained("mute", 6));
    const { pid } = recordOf(shop.run("mute"));
    const closed = close(); // the shell waits for the run
    process.kill(pid, "SIGHUP");
    await until("the run going on", hasTrained("mute", readRunMetrics(shop.run("mute")).at(-1)!.step + 30));
    await shop.succeed("stop", "mute", "--wait");
    await closed;
    expect(logOf("mute")).toContain("stop asked for by control file");
  });
});

it("the help of commands that train tells how a run is left at work", async () => {
  for (const command of ["pretrain", "finetune", "resume"]) {
    expect((await shop.succeed(command, "--help")).out).toMatch(
      /when the terminal is closed, queue it: maskdm queue add/,
    );
  }
});

describe("a hangup was ignored when the process was started", () => {
  const plain: StartSigns = {
    startedProgram: "/usr/bin/node",
    writesToTerminal: false,
    writesToNohupOut: false,
    stdinCannotBeRead: false,
    parentIgnores: false,
  };
  it.each<[boolean, Partial<StartSigns>]>([
    [false, {}],
    [false, { startedProgram: undefined }],
    [true, { startedProgram: "/usr/bin/nohup" }],
    [true, { startedProgram: "*4711*/usr/bin/nohup" }],
    [false, { startedProgram: "/usr/bin/nohup", writesToTerminal: true }],
    [true, { writesToNohupOut: true }],
    [true, { stdinCannotBeRead: true }],
    [true, { parentIgnores: true, writesToTerminal: true }],
  ])("%s by %o", (expected, signs) => {
    expect(ignoredBySigns({ ...plain, ...signs })).toBe(expected);
  });
});
