/** Takes up an existing run for a resume. */
import { join, resolve } from "node:path";
import { UserError } from "../../core/errors.ts";
import { HEARTBEAT_SECONDS } from "../../core/run/liveness.ts";
import type { RunRecord, SessionChange } from "../../core/run/record.ts";
import { type Checkpoint, latestCheckpoint, passedOverNotes } from "../../node/run/checkpoints.ts";
import { clearControl } from "../../node/run/control.ts";
import { asDiskError } from "../../node/run/diskError.ts";
import { namesIn, removeQuietly, replaceFile, replaceJson } from "../../node/run/files.ts";
import { acquireLock } from "../../node/run/lock.ts";
import { configHash, EXPERIMENT_FILE, RUN_FILE, readExperimentText, readRun } from "../../node/run/runFiles.ts";
import type { RunLock } from "../../node/run/runLock.ts";
import { readStatus } from "../../node/run/status.ts";
import { cleanCheckpointLeftovers } from "./checkpoint.ts";
import { MetricsWriter } from "./metricsWriter.ts";
import { experimentPlace, newSession, type SessionRequest, startingStatus } from "./runFolder.ts";
import { RunLog } from "./runLog.ts";
import { RunWriter } from "./runWriter.ts";
import { StatusWriter } from "./statusWriter.ts";

/** What a resume changes. */
export interface ResumeChange {
  /** where the run's experiment file is now, if there is one */
  readonly experimentFile?: string;
  /** text of the frozen experiment file from now on */
  readonly experimentText?: string;
  readonly totalSteps?: number;
  /** the same by keys, for the record */
  readonly changes?: readonly SessionChange[];
}

/**
 * An existing run that this process is about to go on with: its lock is held, and nothing that it tells has been changed. Thus a
 * resume that cannot begin, or is killed before, leaves the run as it was.
 */
export class TakenRun {
  private state: "taken" | "begun" | "released" = "taken";
  private readonly renewing: NodeJS.Timeout;

  constructor(
    readonly dir: string,
    private readonly lock: RunLock,
    private readonly record: RunRecord,
    /** what to go on from; null: the run ended before its first checkpoint, so it begins again at step 0 */
    readonly checkpoint: Checkpoint | null,
    /** what the user should know, e.g. that a damaged checkpoint was passed over */
    readonly notes: readonly string[],
  ) {
    // It writes no heartbeat yet.
    this.renewing = setInterval(() => {
      try {
        lock.renew();
      } catch {
        // A disk that refuses is met again where it can be reported.
      }
    }, 1000 * HEARTBEAT_SECONDS);
    this.renewing.unref();
  }

  /**
   * Becomes the run's writer: records the session and what it changes, and marks metrics beyond the checkpoint as void.
   * @throws UserError if the disk refuses
   */
  begin(request: SessionRequest, change: ResumeChange = {}): RunWriter {
    const { dir, lock, checkpoint, notes } = this;
    const { experimentFile, experimentText, totalSteps = this.record.totalSteps, changes } = change;
    try {
      lock.check();
      const step = checkpoint?.step ?? 0;
      const metrics = new MetricsWriter(dir, step, lock);
      const frozen = readExperimentText(dir);
      const text = experimentText ?? frozen;
      if (text !== frozen) replaceFile(join(dir, EXPERIMENT_FILE), text, true);
      const hash = configHash(text);
      const session = newSession(request, step, hash, changes);
      const record: RunRecord = {
        ...this.record,
        ...(experimentFile === undefined ? {} : experimentPlace(dir, experimentFile)),
        versions: { ...this.record.versions, ...request.versions },
        backend: request.backend,
        host: session.host,
        configHash: hash,
        pid: session.pid,
        processStart: session.processStart,
        totalSteps,
        sessions: [...this.record.sessions, session],
      };
      replaceJson(join(dir, RUN_FILE), record, true);
      const before = readStatus(dir);
      const { workSeconds = 0, forecasts = [] } = before.ok ? before.value : {};
      const starting = startingStatus(step, checkpoint?.state.imagesSeen ?? 0, totalSteps);
      // Of a run that is another one from here on nothing was expected yet.
      const known = changes === undefined || changes.length === 0 ? { forecasts } : {};
      const status = new StatusWriter(dir, { ...starting, ...known, workSeconds }, lock);
      const run = new RunWriter({ dir, record, lock, status, metrics });
      this.end("begun");
      run.log(`resumed from step ${step}`);
      for (const note of notes) run.log(note);
      return run;
    } catch (error) {
      throw asDiskError(error, { path: dir, advice: "Its checkpoints are intact." });
    }
  }

  /**
   * Gives the run back as it was, unless it has begun, when its writer closes it.
   * @param reason why it did not begin, for its log
   */
  release(reason: string): void {
    if (this.state !== "taken") return;
    this.end("released");
    if (this.lock.isLost()) return;
    try {
      const log = new RunLog(this.dir);
      log.append(`a resume did not begin: ${reason}`);
      log.close();
    } catch {
      // Where the disk refuses, the error that is shown anyway has to do.
    }
    this.lock.release();
  }

  private end(state: "begun" | "released"): void {
    this.state = state;
    clearInterval(this.renewing);
  }
}

/**
 * Takes the lock of an existing run, clears what a killed writer left and finds the newest whole checkpoint.
 * @param tell told if taking the lock takes long
 * @throws UserError if the folder is no readable run, somebody else writes it, or the disk refuses
 */
export async function takeRun(runDir: string, tell: (line: string) => void = () => {}): Promise<TakenRun> {
  const dir = resolve(runDir);
  const found = readRun(dir);
  if (!found.ok) throw new UserError(`${dir} is not a run that can be resumed: ${found.reason}.`);
  const lock = await acquireLock(dir, tell);
  try {
    clearControl(dir);
    cleanCheckpointLeftovers(dir);
    for (const name of namesIn(dir)) if (/^\..*\.tmp-\d+-\d+$/.test(name)) removeQuietly(join(dir, name));
    const read = readRun(dir); // again: the writer before may have changed it until it released the lock
    if (!read.ok) throw new UserError(`${dir} is not a run that can be resumed: ${read.reason}.`);
    const { checkpoint, passedOver } = latestCheckpoint(dir);
    return new TakenRun(dir, lock, read.value, checkpoint, passedOverNotes(passedOver, checkpoint));
  } catch (error) {
    lock.release();
    throw asDiskError(error, { path: dir, advice: "Its checkpoints are intact." });
  }
}
