/** Hands a command over to the PyTorch engine: a program of its own, which this one waits for and ends like. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { UserError } from "../../core/errors.ts";
import type { ProcessIdentity } from "../../core/run/liveness.ts";
import { endSignals } from "../../node/endSignals.ts";
import { identityOf } from "../../node/run/process.ts";
import { TORCH_MODULE, torchEnvironment } from "../torch/torchProgram.ts";
import { CommandExit } from "./errors.ts";
import type { Io } from "./io.ts";

export interface HandOver {
  readonly python: string;
  /** the command and its arguments */
  readonly args: readonly string[];
  /** what it reads from its standard input; null: nothing */
  readonly input: string | null;
  /** told of the process once it is there */
  readonly started?: ((process: ProcessIdentity) => void) | undefined;
}

/**
 * What it prints goes where this program prints, and a signal that this one gets is passed on, where the system has signals: it is in a
 * session of its own, so that Ctrl+C in a terminal reaches it once. On Windows both are told by the console.
 * @returns the lines that it printed on stdout
 * @throws CommandExit with its exit code where that is not 0; UserError where it cannot be started
 */
export async function handOver({ python, args, input, started }: HandOver, io: Io): Promise<readonly string[]> {
  const hasSignals = process.platform !== "win32";
  const child = spawn(python, [...TORCH_MODULE, ...args], {
    // It has this program make its evaluations: evaluations.py.
    env: { ...torchEnvironment(), MASKDM_PROGRAM: JSON.stringify([process.execPath, process.argv[1]]) },
    detached: hasSignals,
    stdio: [input === null ? "ignore" : "pipe", "pipe", "inherit"],
  });
  let passedOn = false;
  const passOn = (signal: NodeJS.Signals): void => {
    passedOn = true;
    if (hasSignals) child.kill(signal);
  };
  for (const signal of endSignals()) process.on(signal, passOn);
  const lines: string[] = [];
  try {
    const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ code, signal }));
    });
    ended.catch(() => {}); // awaited below
    if (child.pid !== undefined) started?.(identityOf(child.pid));
    child.stdin?.on("error", () => {}); // it has ended, and says why
    child.stdin?.end(input);
    for await (const line of createInterface({ input: child.stdout! })) {
      lines.push(line);
      io.stdout(line);
    }
    const { code, signal } = await ended;
    if (signal !== null) {
      const memory = signal === "SIGKILL" ? ", perhaps for lack of memory" : "";
      if (!passedOn) io.stderr(`the PyTorch engine was ended by ${signal}${memory}`);
      endLike(signal);
    }
    // 0 fine, 1 the work failed, 2 bad usage; others are those of a Python that could not do its work.
    if (code !== 0) throw new CommandExit(code === 2 ? 2 : 1);
    return lines;
  } catch (error) {
    if (error instanceof CommandExit) throw error;
    throw new UserError(`${python} cannot be started: ${(error as Error).message}.`, "failure");
  } finally {
    for (const signal of endSignals()) process.off(signal, passOn);
  }
}

/** Ends this process by the signal that has ended the other, so that whoever waits for this one is told the same. */
export function endLike(signal: NodeJS.Signals): never {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  throw new CommandExit(1); // a signal that does not end this process
}
