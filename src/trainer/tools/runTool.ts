/** Runs a program that an installation needs: npm, Python, a compiler. */
import { spawn } from "node:child_process";
import { findProgram } from "../../node/findProgram.ts";
import { endTree } from "./endTree.ts";

export type ToolResult =
  | { readonly ok: true /** what it wrote to its standard output */; readonly stdout: string }
  | {
      readonly ok: false;
      /** the program itself is not there */
      readonly missing: boolean;
      /** what it wrote to both its streams, or why it could not be started */
      readonly output: string;
    };

export interface ToolOptions {
  readonly cwd: string;
  /** ends the program, and what it has started */
  readonly signal: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
  /** it is ended after this long */
  readonly limitMinutes?: number;
}

/** @throws the reason of the signal, where that ended it */
export function runTool(program: string, args: readonly string[], options: ToolOptions): Promise<ToolResult> {
  const { cwd, signal, env = process.env, limitMinutes = 30 } = options;
  const isWindows = process.platform === "win32";
  // npm is a .cmd file on Windows, which only a shell starts. None of its arguments is a path.
  const shell = isWindows && program === "npm";
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    // The shell would say so in the system's language only.
    if (shell && findProgram(program, env) === null)
      return resolve({ ok: false, missing: true, output: `${program} is missing` });
    // A process group of its own, so that what it starts ends with it.
    const child = spawn(program, args, { cwd, env, shell, detached: !isWindows, stdio: ["ignore", "pipe", "pipe"] });
    const end = (): void => endTree(child);
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      end();
    }, 60_000 * limitMinutes);
    signal.addEventListener("abort", end);
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    let refused: NodeJS.ErrnoException | null = null;
    child.on("error", (error) => {
      refused = error;
    });
    child.on("close", (code) => {
      clearTimeout(limit);
      signal.removeEventListener("abort", end);
      if (signal.aborted) return reject(signal.reason);
      if (code === 0) return resolve({ ok: true, stdout });
      if (late) return resolve({ ok: false, missing: false, output: `it was not done within ${limitMinutes} minutes` });
      if (refused) return resolve({ ok: false, missing: refused.code === "ENOENT", output: refused.message });
      resolve({ ok: false, missing: false, output });
    });
  });
}

/** The lines that say most of a failure: those that look like errors, otherwise the last ones. */
export function essence(output: string): string {
  const lines = output.split("\n").map((line) => line.replace(/^npm (error|ERR!) ?/, "").trim());
  const worded = lines.filter((line) => line !== "" && !NOISE.test(line));
  const telling = worded.filter((line) => TELLING.test(line));
  const chosen = telling.length > 0 ? telling.slice(0, 3) : worded.slice(-3);
  return chosen.map((line) => (line.length > 240 ? `${line.slice(0, 240)}…` : line)).join("\n    ");
}

/** Of npm, Node's stack traces and pip. */
const NOISE = /complete log|^at |^throw er|^Emitted |^\^+$|^code \d+$|^WARNING: Retrying/;
const TELLING =
  /error\b|\bE(NOTFOUND|CONN[A-Z]+|TIMEDOUT|NOSPC|ACCES|PERM)\b|not found|cannot|could not|no such|mismatch/i;
