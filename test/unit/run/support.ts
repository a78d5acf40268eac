/** What the tests of run folders share. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buildSync } from "esbuild";
import { onTestFinished } from "vitest";
import { createRun, type NewRun } from "../../../src/trainer/run/runFolder.ts";
import type { RunWriter } from "../../../src/trainer/run/runWriter.ts";
import { newRun } from "./examples.ts";

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "maskdm-run-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** A run of this process, closed when the test ends. */
export function openRun(runsDir: string, change: Partial<NewRun> = {}): RunWriter {
  const run = createRun(newRun(runsDir, change));
  onTestFinished(() => void run.close("stopped"));
  return run;
}

/** Bundles a program of test/unit/run/programs, so that plain Node can run it. @returns its path */
export function buildProgram(name: string, folder: string): string {
  const outfile = join(folder, `${basename(name, ".ts")}.mjs`);
  buildSync({
    entryPoints: [join(import.meta.dirname, "programs", name)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    // Libraries of the older kind of module ask for Node's own modules by require.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  return outfile;
}

export interface Started {
  readonly child: ChildProcess;
  /** lines of its stdout so far */
  readonly lines: string[];
  /** its end: exit code, or null if a signal ended it, and all of stderr */
  readonly ended: Promise<{ code: number | null; stderr: string }>;
  /** resolves with the first line that begins so */
  line(prefix: string): Promise<string>;
}

/** Starts a program; it is killed if it outlives the test. */
export function start(command: string, parameters: readonly string[]): Started {
  const child = spawn(command, parameters, { stdio: ["pipe", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  let rest = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    child.emit("lines");
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stderr }));
  return {
    child,
    lines,
    ended,
    line: (prefix) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find((line) => line.startsWith(prefix));
          if (found !== undefined) resolve(found);
        };
        child.on("lines", look);
        void ended.then(({ stderr: said }) => reject(new Error(`ended without "${prefix}": ${said}`)));
        look();
      }),
  };
}

/** Pid of a process that has ended. */
export async function deadProcess(): Promise<number> {
  const { child, ended } = start(process.execPath, ["-e", ""]);
  await ended;
  return child.pid!;
}
