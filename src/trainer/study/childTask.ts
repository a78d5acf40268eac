/** A command of this program in a process of its own, which tells lines of JSON, and how it ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { cleanEnvironment, type Program } from "../../node/run/detached.ts";
import { identityOf, thisProcess } from "../../node/run/process.ts";

export type TaskEnd = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export class ChildTask {
  private readonly child: ChildProcess;
  private said = "";
  /** null: it is at work */
  end: TaskEnd | null = null;

  /**
   * @param input what it reads from stdin; null: nothing
   * @param onLine takes what it prints, parsed; lines that are no JSON are left out
   */
  constructor(
    program: Program,
    args: readonly string[],
    {
      cwd,
      input,
      onLine,
    }: { readonly cwd: string; readonly input: string | null; readonly onLine: (line: unknown) => void },
  ) {
    // In a session of its own, so that it outlives the worker's terminal as the worker does.
    const child = spawn(program.command, [...program.args, ...args], {
      ...{ cwd, detached: true, windowsHide: true, env: cleanEnvironment(program.env) },
      stdio: [input === null ? "ignore" : "pipe", "pipe", "pipe"],
    });
    this.child = child;
    child.stdin?.on("error", () => {}); // it has ended, and says why
    child.stdin?.end(input);
    createInterface({ input: child.stdout! }).on("line", (line) => {
      try {
        onLine(JSON.parse(line));
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
      }
    });
    child.stderr!.on("data", (data: Buffer) => {
      this.said = `${this.said}${data.toString()}`.slice(-MOST_SAID);
    });
    child.on("error", (error) => {
      this.end = { ok: false, reason: `it could not be started: ${error.message}` };
    });
    child.on("close", (code, signal) => {
      this.end ??= code === 0 ? { ok: true } : { ok: false, reason: this.reason(code, signal) };
    });
  }

  /** As others can look for it. */
  get process() {
    const { pid } = this.child;
    return pid === undefined ? thisProcess() : identityOf(pid);
  }

  kill(): void {
    this.child.kill();
  }

  private reason(code: number | null, signal: NodeJS.Signals | null): string {
    if (signal !== null) return `its process was ended by ${signal}, perhaps for lack of memory`;
    const lines = this.said.split("\n").filter((line) => line.trim() !== "");
    const line = lines.findLast((text) => /^error: /.test(text)) ?? lines.at(-1);
    return line?.replace(/^error: /, "").trim() ?? `its process ended with exit code ${code}`;
  }
}

const MOST_SAID = 20_000;
