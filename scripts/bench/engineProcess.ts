/** One engine in a process of its own, asked one command at a time. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import * as z from "zod";
import { type Replies, type Reply, replies } from "./protocol.ts";

const envelope = z.looseObject({ ok: z.boolean(), error: z.string().optional() });

const LONGEST_REASON = 300;
const alive = new Set<EngineProcess>();

/** An engine that cannot do what was asked of it: a finding of the benchmark, not a fault of it. One line. */
export class EngineFailure extends Error {}

/** Ends every engine that still runs, without waiting for what it is at. */
export function killEngines(): void {
  for (const engine of alive) engine.kill();
}

export class EngineProcess {
  private readonly child: ChildProcessWithoutNullStreams;
  private waiting: { resolve: (line: string) => void; reject: (error: Error) => void } | null = null;
  private stderr = "";
  /** settled once the process is gone */
  private readonly gone: Promise<void>;
  private ended: string | null = null;
  private readonly startedAt = performance.now();

  constructor(
    readonly name: string,
    command: string,
    args: readonly string[],
    own: Readonly<Record<string, string>> = {},
  ) {
    const env = { ...process.env, ...own, PYTHONDONTWRITEBYTECODE: "1", ORT_DISABLE_TELEMETRY: "1" };
    this.child = spawn(command, args, { env });
    alive.add(this);
    this.child.stderr.on("data", (text: Buffer) => {
      this.stderr = `${this.stderr}${text}`.slice(-20_000);
    });
    this.child.stdin.on("error", () => {}); // "close" says why
    this.gone = new Promise((resolve) => {
      this.child.on("error", (error) => resolve(this.fail(error.message)));
      this.child.on("close", (code, signal) => resolve(this.fail(endOf(code, signal, this.stderr))));
    });
    createInterface(this.child.stdout).on("line", (line) => {
      // A library may chatter on stdout; replies are objects.
      if (!line.startsWith("{")) return;
      this.waiting?.resolve(line);
      this.waiting = null;
    });
  }

  /** Seconds since the process was started. */
  get age(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  /**
   * @param limitSeconds the process is ended when it has not answered by then
   * @throws EngineFailure saying why there is no answer
   */
  async ask<C extends keyof Replies>(
    cmd: C,
    values: Readonly<Record<string, unknown>>,
    limitSeconds = Number.POSITIVE_INFINITY,
  ): Promise<Reply<C>> {
    let timer: NodeJS.Timeout | undefined;
    const line = await new Promise<string>((resolve, reject) => {
      if (this.ended !== null) return reject(new EngineFailure(this.ended));
      this.waiting = { resolve, reject };
      this.child.stdin.write(`${JSON.stringify({ cmd, ...values })}\n`);
      if (Number.isFinite(limitSeconds)) {
        timer = setTimeout(() => {
          this.fail(`no answer to "${cmd}" within ${Math.ceil(limitSeconds)} s`);
          this.kill();
        }, limitSeconds * 1000);
      }
    }).finally(() => clearTimeout(timer));
    const reply: unknown = JSON.parse(line);
    const { ok, error } = envelope.parse(reply);
    if (!ok) throw new EngineFailure(oneLine(error ?? "no reason given"));
    return replies[cmd].parse(reply) as Reply<C>;
  }

  /** Lets the process end, and waits for it. */
  async quit(): Promise<void> {
    if (this.ended === null) this.child.stdin.end('{"cmd": "quit"}\n');
    await this.gone;
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  private fail(why: string): void {
    this.ended ??= why;
    this.waiting?.reject(new EngineFailure(this.ended));
    this.waiting = null;
    if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) {
      alive.delete(this);
    }
  }
}

function endOf(code: number | null, signal: NodeJS.Signals | null, stderr: string): string {
  if (signal) return `its process was ended by ${signal}${signal === "SIGKILL" ? ", perhaps for lack of memory" : ""}`;
  const last = stderr.trim().split("\n").at(-1) ?? "";
  return oneLine(`its process ended with code ${code}${last ? `: ${last}` : ""}`);
}

function oneLine(text: string): string {
  const [first = ""] = text.trim().split("\n");
  return first.length > LONGEST_REASON ? `${first.slice(0, LONGEST_REASON)}…` : first;
}
