/** `compute.target: command`: the user's own command takes a script to where it is computed (docs/cluster.md). */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../../core/errors.ts";
import { filledCommand } from "../../../core/experiment/computeCommand.ts";
import type { Experiment } from "../../../core/experiment/schema.ts";
import { endSignals } from "../../../node/endSignals.ts";
import { cleanEnvironment } from "../../../node/run/detached.ts";
import { checkFree } from "../../../node/run/newRun.ts";
import { maskdmCommand, shellArgument } from "../../../node/shellCommand.ts";
import { endTree } from "../../tools/endTree.ts";
import { CommandExit } from "../errors.ts";
import type { Io } from "../io.ts";
import { CommandOrder } from "./commandOrder.ts";
import { DistantRun } from "./distantRun.ts";
import type { TorchOrder, TorchTarget } from "./target.ts";
import { WriterWatch } from "./writerWatch.ts";

const POLL_MS = 250;
/** A job that has not begun by then is said to wait. */
const PENDING_SECONDS = 20;
/** What a job wrote last comes later over a network's disk than the word that it has ended. */
const DISK_SECONDS = 5;

export const commandTarget = ({ command, workers }: Experiment["compute"]): TorchTarget => ({
  name: "compute.command",
  isElsewhere: true,
  train: (order, io) => new CommandTraining(command!, workers, order, io).toItsEnd(),
});

class CommandTraining {
  private readonly runDir: string;
  private readonly run: DistantRun;
  /** signals that asked this process to end */
  private asked = 0;

  constructor(
    private readonly command: string,
    private readonly workers: number,
    private readonly order: TorchOrder,
    private readonly io: Io,
  ) {
    this.runDir = order.runDir!; // elsewhere runs have names
    this.run = new DistantRun(this.runDir, io);
  }

  async toItsEnd(): Promise<string> {
    const ask = (): void => void this.asked++;
    for (const signal of endSignals()) process.on(signal, ask);
    try {
      if (!(await this.watchWhoWrites())) await this.submit();
    } finally {
      for (const signal of endSignals()) process.off(signal, ask);
    }
    return this.runDir;
  }

  /** Somebody may write the run already, such as a job that this program started before it was ended itself. -> whether it came to an end */
  private async watchWhoWrites(): Promise<boolean> {
    const { args } = this.order;
    if (args[0] !== "resume") checkFree(dirname(this.runDir), basename(this.runDir));
    if (!this.run.isHeld()) return false;
    this.io.stderr(`${basename(this.runDir)} is at work already: it is watched from here, and Ctrl+C stops it`);
    const writer = this.watchWriter(true);
    while (this.run.isHeld()) {
      writer.look();
      this.passOnWish();
      await sleep(POLL_MS);
    }
    const { state } = this.run;
    if (state === "failed" || state === "diverged") throw new CommandExit(1);
    if (state === "finished") CommandOrder.withdrawAll(this.runDir);
    // One that was stopped may be in the queue of a batch system again.
    return state === "finished" || state === "stopped";
  }

  private watchWriter(isAtWork: boolean): WriterWatch {
    return new WriterWatch(this.runDir, isAtWork, this.order.started, this.io);
  }

  /** A first signal lets the run save and end, a second one waits for nothing. */
  private passOnWish(): void {
    if (this.asked > 0) this.run.askToStop();
    if (this.asked > 1) throw new CommandExit(1);
  }

  private async submit(): Promise<void> {
    const order = CommandOrder.place(this.runDir, this.order.args, this.order.input);
    const child = new Submitted(this.filled(order), this.io);
    try {
      const code = await this.watch(order, child);
      if (code !== 0) throw new CommandExit(code === 2 ? 2 : 1);
    } catch (error) {
      child.end();
      throw error;
    }
    if (!existsSync(this.runDir))
      throw new UserError(`The job has ended well, but ${this.runDir} is not there: ${SHARED}`, "failure");
    order.withdraw();
  }

  private filled(order: CommandOrder): string {
    const quoted = (text: string): string => shellArgument(text);
    const { script, folder } = order;
    const run = basename(this.runDir);
    const values = { script: quoted(script), folder: quoted(folder), run: quoted(run), workers: String(this.workers) };
    return filledCommand(this.command, values);
  }

  /** @returns exit code of the training */
  private async watch(order: CommandOrder, child: Submitted): Promise<number> {
    const writer = this.watchWriter(false);
    const began = performance.now();
    let endedAt: number | null = null;
    const told = new Set<string>();
    const tell = (line: string): void => {
      if (!told.has(line)) this.io.stderr(line);
      told.add(line);
    };
    for (;;) {
      // Asked before the output is read, so that none is missed.
      const { exitCode, hasBegun, isInForce } = order;
      const output = order.newOutput();
      if (output !== "") this.io.stderr(output);
      writer.look();
      if (!isInForce)
        throw new UserError(`${this.runDir} was ordered anew by another process, which watches it.`, "failure");
      if (child.exit !== null) {
        if (exitCode !== null) return exitCode;
        endedAt ??= performance.now();
        const waited = (performance.now() - endedAt) / 1000;
        if (child.exit !== 0 && waited > DISK_SECONDS && !this.run.isHeld()) throw this.failed(child, hasBegun);
        if (waited > DISK_SECONDS)
          tell(hasBegun ? `${AT_WORK} ${GO}` : `The command has ended, and the job has not begun: ${WAITS} ${GO}`);
      } else if (!hasBegun && performance.now() - began > 1000 * PENDING_SECONDS) {
        tell(`The job has not begun: ${WAITS}`);
      }
      if (this.asked > 0 && !hasBegun) {
        order.withdraw();
        this.io.stderr("The job is given up: should it still wait for its turn, it will end as soon as it begins");
        throw new CommandExit(1);
      }
      this.passOnWish();
      await sleep(POLL_MS);
    }
  }

  private failed(child: Submitted, hasBegun: boolean): UserError {
    const said = child.lastLine === "" ? "" : `: ${child.lastLine.replace(/[.\s]+$/, "")}`;
    const what = `compute.command ended with exit code ${child.exit}${said}.`;
    if (child.exit === 127) return new UserError(`${what} Is its program installed here, and on the PATH?`, "failure");
    if (!existsSync(this.runDir))
      return new UserError(hasBegun ? what : `${what} The training has not begun.`, "failure");
    return new UserError(
      `${what} Go on from its last checkpoint with: ${maskdmCommand("resume", this.runDir)}`,
      "failure",
    );
  }
}

const SHARED = "the machine that trains has to reach the folder of the runs by the same path (docs/cluster.md).";
const WAITS = `it waits for its turn, or ${SHARED}`;
const AT_WORK = "The command has ended before the job; what the job does is watched.";
const GO = "Ctrl+C stops it.";

/** The user's command, in a session of its own, so that Ctrl+C in a terminal does not end it before the run has saved. */
class Submitted {
  /** exit code; null: at work */
  exit: number | null = null;
  lastLine = "";
  private readonly child: ChildProcess;

  constructor(command: string, io: Io) {
    io.stderr(`$ ${command}`);
    const detached = process.platform !== "win32";
    this.child = spawn(command, {
      shell: true,
      detached,
      stdio: ["ignore", "pipe", "pipe"],
      env: cleanEnvironment({}),
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.lastLine = text.trim().split("\n").at(-1) || this.lastLine;
        io.stderr(text);
      });
    }
    this.child.on("error", (error) => {
      this.lastLine = error.message;
      this.exit = 127;
    });
    this.child.on("close", (code) => {
      this.exit ??= code ?? 1;
    });
  }

  end(): void {
    if (this.exit === null) endTree(this.child);
  }
}
