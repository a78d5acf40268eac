/** `maskdm stop`: asks a run to finish its step, save and end. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { UserError } from "../../core/errors.ts";
import { isAtWork } from "../../core/run/entry.ts";
import { HEARTBEAT_SECONDS } from "../../core/run/liveness.ts";
import type { RunSummary } from "../../core/run/summary.ts";
import { maskdmCommand } from "../../node/shellCommand.ts";
import type { Io } from "./io.ts";
import { addExamples, parsePositiveInteger, runsDirOption } from "./options.ts";

const POLL_MS = 200;

interface StopOptions {
  readonly runsDir: string;
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly json?: boolean;
}

const standing = ({ id, state, step, steps }: RunSummary): string => `${id} ${state} at step ${step} of ${steps}`;

/**
 * Asks by the control file alone: it works on every system and from other hosts, and unlike a signal it cannot end a process that
 * is not listening yet.
 * @returns how the run stands at the end, and whether it was at work
 */
async function stop(text: string, options: StopOptions, io: Io): Promise<RunSummary & { wasRunning: boolean }> {
  const [{ clearControl, requestStop }, { LifeWatch }, { summarizeRun }, { lockHolder }, { resolveRun }] =
    await Promise.all([
      import("../../node/run/control.ts"),
      import("../../node/run/lifeWatch.ts"),
      import("../../node/run/list.ts"),
      import("../../node/run/lock.ts"),
      import("../../node/run/resolve.ts"),
    ]);
  const runDir = resolveRun(text, [options.runsDir]);
  const watch = new LifeWatch();
  const look = (): RunSummary => summarizeRun(runDir, Date.now(), watch);
  // A resume that loads its images holds the lock, and says nothing else yet.
  const isHeld = (): boolean => lockHolder(runDir, watch).held;
  let before = look();
  // By the clock of another machine it may only seem to be dead.
  const lookUntil = performance.now() + 2000 * HEARTBEAT_SECONDS;
  while (before.state === "interrupted" && isHeld() && performance.now() < lookUntil) {
    await sleep(POLL_MS);
    before = look();
  }
  refuseDead(before, isHeld);
  if (!isAtWork(before) && !isHeld()) {
    io.stderr(`${standing(before)}; there is nothing to stop`);
    return { ...before, wasRunning: false };
  }
  requestStop(runDir);
  io.stderr(`asked ${before.id} to stop: it finishes its step, saves and ends`);
  if (options.wait !== true) return { ...before, wasRunning: true };

  const until = options.timeout === undefined ? Number.POSITIVE_INFINITY : Date.now() + options.timeout * 1000;
  for (;;) {
    const now = look();
    refuseDead(now, isHeld);
    // The lock goes last: after it a resume cannot meet the old process.
    if (!isAtWork(now) && !isHeld()) {
      clearControl(runDir); // in case it had ended by itself before it saw the request
      io.stderr(standing(now));
      if (now.state === "failed" || now.state === "diverged") {
        throw new UserError(`${now.id} ended as ${now.state}; see ${now.path}/log.txt`, "failure");
      }
      return { ...now, wasRunning: true };
    }
    if (Date.now() > until) {
      throw new UserError(
        `${standing(now)} after ${options.timeout} seconds; the request stands and takes effect when the step is done.`,
        "failure",
      );
    }
    await sleep(POLL_MS);
  }
}

function refuseDead(run: RunSummary, isHeld: () => boolean): void {
  if (run.state === "interrupted" && !isHeld()) {
    throw new UserError(
      `${run.id} is not running: its process is gone or gives no sign of life. Nothing was changed. ` +
        `Its last checkpoint is intact; go on from it with: ${maskdmCommand("resume", run.path)}`,
      "failure",
    );
  }
  if (run.state === "damaged") throw new UserError(`${run.path} is damaged: ${run.reason}. Nothing was changed.`);
}

export function register(program: Command, io: Io): void {
  const command = program
    .command("stop")
    .description("Ask a run to finish its step, save a checkpoint and end. It can be resumed later.")
    .argument("<run>", "id or folder of the run")
    .addOption(runsDirOption())
    .option("--wait", "return when the run has ended")
    .option("--timeout <seconds>", "with --wait: give up after so long (exit code 1)", parsePositiveInteger)
    .option("--json", "print how the run stands as JSON")
    .action(async (run: string, options: StopOptions) => {
      const result = await stop(run, options, io);
      if (options.json === true) io.json(result);
    });
  addExamples(command, [
    ["maskdm stop 2026-11-22-emoji-pretrain-01", "ask, and return at once"],
    ["maskdm stop runs/2026-11-22-emoji-pretrain-01 --wait", "ask, and return when it has saved and ended"],
    ["maskdm resume 2026-11-22-emoji-pretrain-01", "go on later"],
  ]);
}
