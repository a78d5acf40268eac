/** The one writer of a run: what a training loop holds while it is at work. */
import { join } from "node:path";
import type { UserError } from "../../core/errors.ts";
import { checkpointName } from "../../core/run/checkpointState.ts";
import type { RunRecord, RunSession } from "../../core/run/record.ts";
import type { FinalState } from "../../core/run/status.ts";
import { clearControl, readControl } from "../../node/run/control.ts";
import { replaceJson } from "../../node/run/files.ts";
import { RUN_FILE } from "../../node/run/runFiles.ts";
import type { RunLock } from "../../node/run/runLock.ts";
import { pruneCheckpoints } from "./checkpoint.ts";
import type { MetricsWriter } from "./metricsWriter.ts";
import { RunLog } from "./runLog.ts";
import type { StatusWriter } from "./statusWriter.ts";

/** What becomes known after a session has begun. */
export interface RunChange {
  readonly backend?: string;
  /** added to the versions known */
  readonly versions?: Readonly<Record<string, string>>;
  /** names of the model's classes by number */
  readonly classes?: readonly string[];
}

export interface RunParts {
  readonly dir: string;
  readonly record: RunRecord;
  readonly lock: RunLock;
  readonly status: StatusWriter;
  readonly metrics: MetricsWriter;
}

/** Whatever it writes, it makes sure first that the run is still its own, and throws a LockLostError otherwise. */
export class RunWriter {
  readonly dir: string;
  readonly status: StatusWriter;
  readonly metrics: MetricsWriter;
  private readonly lock: RunLock;
  private readonly logFile: RunLog;
  private current: RunRecord;
  private closed = false;

  constructor(parts: RunParts) {
    this.dir = parts.dir;
    this.status = parts.status;
    this.metrics = parts.metrics;
    this.lock = parts.lock;
    this.current = parts.record;
    this.logFile = new RunLog(this.dir);
  }

  get id(): string {
    return this.current.id;
  }

  /** run.json as it is now */
  get record(): RunRecord {
    return this.current;
  }

  /** Adds lines to log.txt, each with the time. Never fails: a log that cannot be written must not end a run. */
  log(text: string): void {
    try {
      this.lock.glance();
      this.logFile.append(text);
    } catch {
      // The disk refuses, or the lock is lost; metrics and checkpoints will say so.
    }
  }

  /** Records what became known after the start. @throws UserError if the disk refuses */
  update(change: RunChange): void {
    const { backend, versions, classes } = change;
    this.lock.check();
    const known = {
      ...(backend === undefined ? {} : { backend }),
      ...(versions === undefined ? {} : { versions: { ...this.current.versions, ...versions } }),
    };
    const ofRun = classes === undefined ? {} : { classes: [...classes] };
    this.replaceRecord({ ...known, ...ofRun }, known);
  }

  /**
   * Saves a checkpoint, flushes the metrics up to it and removes checkpoints that are no longer to be kept.
   * @param write writes the checkpoint into the run folder given, where the tensors are, and returns the checkpoint's folder
   * @returns its folder
   * @throws UserError if the disk refuses; earlier checkpoints are intact
   */
  async saveCheckpoint(
    step: number,
    write: (runDir: string) => Promise<string>,
    rule: { readonly keep: number; readonly keepEvery: number | null },
  ): Promise<string> {
    this.lock.check();
    this.metrics.sync();
    const dir = await write(this.dir);
    this.lock.check();
    this.log(`checkpoint of step ${step} saved`);
    try {
      pruneCheckpoints(this.dir, rule);
    } catch (error) {
      this.log(`old checkpoints could not be removed: ${String(error)}`);
    }
    return dir;
  }

  /** Where the sample grid of a step belongs. */
  samplePath(step: number): string {
    this.lock.check();
    return join(this.dir, "samples", `${checkpointName(step)}.png`);
  }

  /** Whether somebody has asked the run to stop by its control file. Asked between steps, it notices a lost lock, too. */
  stopRequested(): boolean {
    this.lock.glance();
    return readControl(this.dir)?.command === "stop";
  }

  /**
   * Ends the session: last status, end of the session in run.json, files closed, lock released. Never fails; may be called again.
   * Where the lock is lost, nothing is written: the run is another process's.
   * @returns what could not be written, for people
   */
  close(state: FinalState, message: string | null = null): string[] {
    if (this.closed) return [];
    this.closed = true;
    const problems: string[] = [];
    const attempt = (work: () => void): void => {
      try {
        work();
      } catch (error) {
        problems.push((error as UserError).message);
      }
    };
    if (this.lock.isLost()) {
      this.status.abandon();
      attempt(() => this.metrics.close());
      attempt(() => this.logFile.close());
      return problems;
    }
    this.log(message === null ? state : `${state}: ${message}`);
    const end = { endedAt: new Date().toISOString(), endState: state };
    attempt(() => this.metrics.sync());
    attempt(() => this.metrics.finish());
    attempt(() => this.metrics.close());
    attempt(() => this.logFile.close());
    attempt(() => clearControl(this.dir));
    attempt(() => this.replaceRecord({}, end));
    attempt(() => this.status.finish(state, message));
    attempt(() => this.lock.release());
    return problems;
  }

  private replaceRecord(change: Partial<RunRecord>, ofSession: Partial<RunSession>): void {
    const sessions = this.current.sessions.map((session, index, all) =>
      index === all.length - 1 ? { ...session, ...ofSession } : session,
    );
    this.current = { ...this.current, ...change, sessions };
    replaceJson(join(this.dir, RUN_FILE), this.current, true);
  }
}
