/** Makes run folders. */
import { existsSync, mkdirSync, realpathSync, renameSync } from "node:fs";
import { arch, platform } from "node:os";
import { dirname, join, resolve } from "node:path";
import { RUN_FORMAT_VERSION } from "../../core/run/format.ts";
import { experimentName, newRunId } from "../../core/run/names.ts";
import type { RunParent, RunRecord, RunSession, SessionChange } from "../../core/run/record.ts";
import { thisMachine } from "../../node/machine.ts";
import { changeAnnotations } from "../../node/run/annotations.ts";
import { asDiskError } from "../../node/run/diskError.ts";
import { wayFromRun } from "../../node/run/experimentOfRun.ts";
import {
  namesIn,
  removeQuietly,
  replaceFile,
  replaceJson,
  retrySharingViolation,
  syncFolder,
} from "../../node/run/files.ts";
import { lockNew } from "../../node/run/lock.ts";
import { checkFree, localDate } from "../../node/run/newRun.ts";
import { lookupProcess, thisProcess } from "../../node/run/process.ts";
import { configHash, EXPERIMENT_FILE, RUN_FILE } from "../../node/run/runFiles.ts";
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
  /** the group that lists show it in, and what they call it */
  readonly annotations?: { readonly group: string | undefined; readonly name: string | undefined };
  /** the user's experiment file */
  readonly experimentFile: string;
  /** its text, overrides written in */
  readonly experimentText: string;
  /** keys that were written in: the file's value, and the run's */
  readonly changes?: readonly SessionChange[];
  readonly stage: RunRecord["stage"];
  readonly seed: number;
  readonly totalSteps: number;
  readonly parent: RunParent | null;
  /** where its weights are from, if another program trained them */
  readonly imported?: NonNullable<RunRecord["imported"]>;
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
      const record = newRecord(request, {
        ...{ id, name, git },
        ...experimentPlace(dir, experimentFile),
        parent: request.parent && parentPlace(dir, request.parent),
      });
      if (!layOut(dir, record, request)) continue;
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
function layOut(dir: string, record: RunRecord, { experimentText, annotations }: NewRun): boolean {
  const temporary = join(dirname(dir), `.new-${record.id}-${process.pid}`);
  try {
    removeQuietly(temporary);
    for (const folder of ["checkpoints", "samples"]) mkdirSync(join(temporary, folder), { recursive: true });
    replaceFile(join(temporary, EXPERIMENT_FILE), experimentText, true);
    replaceJson(join(temporary, RUN_FILE), record, true);
    writeStatus(temporary, startingStatus(0, 0, record.totalSteps), true);
    const noted = Object.entries(annotations ?? {}).filter(([, value]) => value !== undefined);
    if (noted.length > 0) changeAnnotations(temporary, Object.fromEntries(noted));
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

type Place = Pick<RunRecord, "experimentFile" | "experimentFromRun">;

/** Where an experiment file is, absolute and relative to the run's folder, so that a project can be moved. */
export function experimentPlace(dir: string, experimentFile: string): Place {
  const way = wayFromRun(dir, experimentFile, realpathSync);
  return way === undefined ? { experimentFile } : { experimentFile, experimentFromRun: way };
}

function parentPlace(dir: string, parent: RunParent): RunParent {
  const way = wayFromRun(dir, resolve(parent.checkpoint), realpathSync);
  return way === undefined ? parent : { ...parent, checkpointFromRun: way };
}

function newRecord(request: NewRun, known: Pick<RunRecord, "id" | "name" | "git" | "parent"> & Place): RunRecord {
  const session = newSession(request, 0, configHash(request.experimentText), request.changes);
  return {
    formatVersion: RUN_FORMAT_VERSION,
    id: known.id,
    name: known.name,
    stage: request.stage,
    experimentFile: known.experimentFile,
    ...(known.experimentFromRun === undefined ? {} : { experimentFromRun: known.experimentFromRun }),
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
    parent: known.parent,
    ...(request.imported === undefined ? {} : { imported: request.imported }),
    createdAt: session.startedAt,
    totalSteps: request.totalSteps,
    sessions: [session],
  };
}

/** A session of this process that begins now. */
export function newSession(
  request: SessionRequest,
  fromStep: number,
  hash: string,
  changes: readonly SessionChange[] = [],
): RunSession {
  return {
    ...thisProcess(),
    startedAt: new Date().toISOString(),
    fromStep,
    command: [...request.command],
    versions: { ...request.versions },
    backend: request.backend,
    configHash: hash,
    ...(changes.length === 0 ? {} : { changes: [...changes] }),
  };
}

/** What the status says until training begins. */
export const startingStatus = (step: number, imagesSeen: number, totalSteps: number): StatusReport => ({
  state: "starting",
  step,
  totalSteps,
  imagesSeen,
  imagesPerSecond: null,
  etaSeconds: null,
  loss: null,
  message: null,
});
