/** Makes run folders and opens them again for a resume. */
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { arch, platform } from "node:os";
import { dirname, join, resolve } from "node:path";
import { UserError } from "../../core/errors.ts";
import { RUN_FORMAT_VERSION } from "../../core/run/format.ts";
import { experimentName, newRunId } from "../../core/run/names.ts";
import type { RunParent, RunRecord, RunSession } from "../../core/run/record.ts";
import { thisMachine } from "../../node/machine.ts";
import { type Checkpoint, latestCheckpoint, passedOverNotes } from "../../node/run/checkpoints.ts";
import { clearControl } from "../../node/run/control.ts";
import { asDiskError } from "../../node/run/diskError.ts";
import {
  namesIn,
  removeQuietly,
  replaceFile,
  replaceJson,
  retrySharingViolation,
  syncFolder,
} from "../../node/run/files.ts";
import { acquireLock, lockNew } from "../../node/run/lock.ts";
import { checkFree, localDate } from "../../node/run/newRun.ts";
import { lookupProcess, thisProcess } from "../../node/run/process.ts";
import { configHash, EXPERIMENT_FILE, RUN_FILE, readRun } from "../../node/run/runFiles.ts";
import { cleanCheckpointLeftovers } from "./checkpoint.ts";
import { gitState } from "./git.ts";
import { MetricsWriter } from "./metricsWriter.ts";
import { RunWriter } from "./runWriter.ts";
import { type StatusReport, StatusWriter, writeStatus } from "./statusWriter.ts";

/** What every session, the first or a resume, tells about itself. */
export interface SessionRequest {
  /** the command line, one string per argument */
  readonly command: readonly string[];
  /** maskdm, node and, as far as it is known, backend */
  readonly versions: { readonly maskdm: string; readonly [software: string]: string };
  /** name of the backend, or what was asked for until RunWriter.update says what it became */
  readonly backend: string;
}

export interface NewRun extends SessionRequest {
  readonly runsDir: string;
  /** folder name asked for; otherwise one is made from date, experiment and stage */
  readonly id?: string;
  /** the user's experiment file */
  readonly experimentFile: string;
  /** its text, overrides written in */
  readonly experimentText: string;
  readonly stage: RunRecord["stage"];
  readonly seed: number;
  readonly totalSteps: number;
  readonly parent: RunParent | null;
}

/**
 * Makes a run folder, which appears whole under its name, and becomes its writer.
 * @throws UserError if the name will not do or exists, or the disk refuses
 */
export function createRun(request: NewRun): RunWriter {
  const runsDir = resolve(request.runsDir);
  const experimentFile = resolve(request.experimentFile);
  const name = experimentName(experimentFile);
  const git = gitState(dirname(experimentFile));
  try {
    mkdirSync(runsDir, { recursive: true });
    cleanUnfinished(runsDir);
    for (;;) {
      const id = request.id ?? newRunId(localDate(), name, request.stage, namesIn(runsDir));
      if (request.id !== undefined) checkFree(runsDir, id);
      const dir = join(runsDir, id);
      const record = newRecord(request, { id, name, experimentFile, git });
      if (!layOut(dir, record, request.experimentText)) continue;
      const lock = lockNew(dir);
      return new RunWriter({
        dir,
        record,
        lock,
        status: new StatusWriter(dir, startingStatus(0, 0, request.totalSteps), lock),
        metrics: new MetricsWriter(dir, null, lock),
      });
    }
  } catch (error) {
    throw asDiskError(error, { path: runsDir });
  }
}

const UNFINISHED = /^\.new-.*-(\d+)$/;

/** Removes folders whose making was cut off by a kill. */
function cleanUnfinished(runsDir: string): void {
  for (const name of namesIn(runsDir)) {
    const pid = UNFINISHED.exec(name)?.[1];
    if (pid !== undefined && lookupProcess(Number(pid)).found === "gone") removeQuietly(join(runsDir, name));
  }
}

/** Lays the folder out under another name and renames it. @returns false if the name has been taken meanwhile */
function layOut(dir: string, record: RunRecord, experimentText: string): boolean {
  const temporary = join(dirname(dir), `.new-${record.id}-${process.pid}`);
  try {
    removeQuietly(temporary);
    for (const folder of ["checkpoints", "samples"]) mkdirSync(join(temporary, folder), { recursive: true });
    replaceFile(join(temporary, EXPERIMENT_FILE), experimentText, true);
    replaceJson(join(temporary, RUN_FILE), record, true);
    writeStatus(temporary, startingStatus(0, 0, record.totalSteps), true);
    if (existsSync(dir)) return false;
    retrySharingViolation(() => renameSync(temporary, dir));
    syncFolder(dirname(dir));
    return true;
  } catch (error) {
    if (existsSync(dir)) return false;
    throw error;
  } finally {
    removeQuietly(temporary);
  }
}

function newRecord(request: NewRun, known: Pick<RunRecord, "id" | "name" | "experimentFile" | "git">): RunRecord {
  const session = newSession(request, 0, configHash(request.experimentText));
  return {
    formatVersion: RUN_FORMAT_VERSION,
    id: known.id,
    name: known.name,
    stage: request.stage,
    experimentFile: known.experimentFile,
    command: [...request.command],
    versions: { ...request.versions },
    backend: request.backend,
    host: session.host,
    platform: `${platform()}-${arch()}`,
    machine: { ...thisMachine() },
    git: known.git,
    configHash: configHash(request.experimentText),
    seed: request.seed,
    pid: session.pid,
    processStart: session.processStart,
    parent: request.parent,
    createdAt: session.startedAt,
    totalSteps: request.totalSteps,
    sessions: [session],
  };
}

function newSession(request: SessionRequest, fromStep: number, hash: string): RunSession {
  return {
    ...thisProcess(),
    startedAt: new Date().toISOString(),
    fromStep,
    command: [...request.command],
    versions: { ...request.versions },
    backend: request.backend,
    configHash: hash,
  };
}

const startingStatus = (step: number, imagesSeen: number, totalSteps: number): StatusReport => ({
  state: "starting",
  step,
  totalSteps,
  imagesSeen,
  imagesPerSecond: null,
  etaSeconds: null,
  loss: null,
  message: null,
});

export interface ResumedRun {
  readonly run: RunWriter;
  /** what to go on from; null: the run ended before its first checkpoint, so it begins again at step 0 */
  readonly checkpoint: Checkpoint | null;
  /** what the user should know, e.g. that a damaged checkpoint was passed over */
  readonly notes: readonly string[];
}

/**
 * Becomes the writer of an existing run: takes its lock, clears what a killed writer left, finds the newest whole checkpoint and
 * records the new session. Metrics beyond that checkpoint are marked void.
 * @param tell told if taking the lock takes long
 * @throws UserError if the folder is no readable run, somebody else writes it, or the disk refuses
 */
export async function resumeRun(
  runDir: string,
  request: SessionRequest,
  tell: (line: string) => void = () => {},
): Promise<ResumedRun> {
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
    const step = checkpoint?.step ?? 0;
    const session = newSession(request, step, read.value.configHash);
    const record: RunRecord = {
      ...read.value,
      versions: { ...read.value.versions, ...request.versions },
      backend: request.backend,
      host: session.host,
      pid: session.pid,
      processStart: session.processStart,
      sessions: [...read.value.sessions, session],
    };
    const metrics = new MetricsWriter(dir, step, lock);
    replaceJson(join(dir, RUN_FILE), record, true);
    const status = new StatusWriter(
      dir,
      startingStatus(step, checkpoint?.state.imagesSeen ?? 0, record.totalSteps),
      lock,
    );
    const run = new RunWriter({ dir, record, lock, status, metrics });
    const notes = passedOverNotes(passedOver, checkpoint);
    run.log(`resumed from step ${step}`);
    for (const note of notes) run.log(note);
    return { run, checkpoint, notes };
  } catch (error) {
    lock.release();
    throw asDiskError(error, { path: dir, advice: "Its checkpoints are intact." });
  }
}
