/** Watches a job of a Ray cluster to its end. */
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../../core/errors.ts";
import { endSignals } from "../../../node/endSignals.ts";
import { maskdmCommand } from "../../../node/shellCommand.ts";
import { hasEnded, type RayJob, type RayJobs, RayUnreachable } from "../../ray/jobs.ts";
import { endLike } from "../handOver.ts";
import type { Io } from "../io.ts";
import { DistantRun } from "./distantRun.ts";
import type { WriterWatch } from "./writerWatch.ts";

const LOOK_EVERY_MS = 1000;
/** The log is always sent as a whole: a long one is asked for less often, a second more for each so many characters. */
const LOG_CHARACTERS_PER_SECOND = 100_000;
/** A cluster that is silent for so long is given up, and the run left to itself. */
const GIVE_UP_MS = 10 * 60_000;
/** Of the job's driver (maskdm_torch/ray_job.py): those of a training, which are told. */
const TOLD = [0, 1, 2];

export type JobEnd =
  | { readonly kind: "ended"; readonly exitCode: number }
  /** by somebody, through Ray */
  | { readonly kind: "stopped" }
  /** it would be again */
  | { readonly kind: "refused"; readonly why: string }
  /** by a failure of the cluster's */
  | { readonly kind: "lost"; readonly why: string };

export interface Watched {
  readonly jobs: RayJobs;
  readonly id: string;
  /** submits it; null: it was before */
  readonly submit: (() => Promise<void>) | null;
  readonly writer: WriterWatch;
  /** called where a signal ends this process at once */
  readonly tidyUp: () => void;
  readonly io: Io;
}

/**
 * Prints the job's log as it grows. A signal lets the run save and end, where it has begun; else, and at a second one, the job is stopped.
 * @throws UserError where the cluster does not answer for long; the run may go on then
 */
export async function watchJob({ jobs, id, submit, writer, tidyUp, io }: Watched): Promise<JobEnd> {
  const { runDir } = writer;
  const run = new DistantRun(runDir, io);
  let isThere = submit === null;
  let asked: NodeJS.Signals | null = null;
  const endNow = (signal: NodeJS.Signals): void => {
    io.stderr(`stopping ${id}`);
    const stopped = jobs.stop(id).catch(() => {});
    void Promise.race([stopped, sleep(5000)]).then(() => {
      tidyUp();
      endLike(signal);
    });
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    const isSecond = asked !== null;
    asked = signal;
    if (!isThere) return;
    if (isSecond || !run.isHeld()) endNow(signal);
    else run.askToStop();
  };
  for (const signal of endSignals()) process.on(signal, onSignal);
  try {
    await submit?.();
    isThere = true;
    if (asked !== null) endNow(asked);
    const log = new JobLog(jobs, id, io, submit === null);
    let silentSince: number | null = null;
    for (;;) {
      await sleep(LOOK_EVERY_MS);
      writer.look();
      try {
        const job = await jobs.job(id);
        silentSince = null;
        const isOver = job === null || hasEnded(job);
        if (job !== null) await log.look(isOver);
        if (!isOver) continue;
        writer.look();
        return endOf(job);
      } catch (error) {
        if (!(error instanceof RayUnreachable)) throw error;
        if (silentSince === null) {
          io.stderr(`${error.message.split(". ")[0]}; it is waited for, and the run goes on where its machines live`);
        }
        silentSince ??= performance.now();
        if (performance.now() - silentSince > GIVE_UP_MS) {
          const watch = maskdmCommand("resume", runDir);
          throw new UserError(
            `${error.message} The run may be at work still; watch or go on with it by: ${watch}`,
            "failure",
          );
        }
      }
    }
  } finally {
    for (const signal of endSignals()) process.off(signal, onSignal);
  }
}

function endOf(job: RayJob | null): JobEnd {
  if (job === null) return { kind: "lost", why: "the cluster was started anew" };
  if (job.status === "STOPPED") return { kind: "stopped" };
  const exitCode = job.status === "SUCCEEDED" ? 0 : (job.driver_exit_code ?? -1);
  if (TOLD.includes(exitCode)) return { kind: "ended", exitCode };
  const why = job.message?.trim().split("\n")[0] || `its driver ended with ${exitCode}`;
  return job.error_type === "RUNTIME_ENV_SETUP_FAILURE" ? { kind: "refused", why } : { kind: "lost", why };
}

/** Prints what is new in the log of a job. */
class JobLog {
  private printed = 0;
  private dueAt = 0;

  /** @param isSeen whether what is in it when it is first looked at was printed before */
  constructor(
    private readonly jobs: RayJobs,
    private readonly id: string,
    private readonly io: Io,
    private isSeen: boolean,
  ) {}

  /** @param isLast whether the job has ended: all of it is printed then, a line that was not ended, too */
  async look(isLast: boolean): Promise<void> {
    if (!isLast && performance.now() < this.dueAt) return;
    const text = await this.jobs.log(this.id);
    this.dueAt = performance.now() + (1000 * text.length) / LOG_CHARACTERS_PER_SECOND;
    const end = isLast ? text.length : text.lastIndexOf("\n") + 1;
    if (!this.isSeen && end > this.printed) this.io.stderr(text.slice(this.printed, end));
    this.isSeen = false;
    this.printed = Math.max(this.printed, end);
  }
}
