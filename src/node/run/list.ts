/** Lists the runs of a folder. A damaged run is listed as such; nothing in a folder makes the list fail. */
import { type Dirent, existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { UserError } from "../../core/errors.ts";
import { type Motion, STALE_SECONDS, shownState } from "../../core/run/liveness.ts";
import type { RunParent } from "../../core/run/record.ts";
import { compareNewest } from "../../core/run/runOrder.ts";
import { isFinal, type RunStatus } from "../../core/run/status.ts";
import type { RunSummary } from "../../core/run/summary.ts";
import { errorCode } from "./files.ts";
import type { LifeWatch } from "./lifeWatch.ts";
import { parentCheckpoint } from "./parentCheckpoint.ts";
import { checkProcess } from "./process.ts";
import { checkpointsFolder, EXPERIMENT_FILE, RUN_FILE, readRun } from "./runFiles.ts";
import { readStatus, STATUS_FILE } from "./status.ts";

interface Described {
  readonly summary: RunSummary;
  /** null: unknown */
  readonly createdAt: string | null;
}

/** A run folder, or what is left of one; other folders are none of our business. */
export function looksLikeRun(dir: string): boolean {
  return [join(dir, RUN_FILE), join(dir, EXPERIMENT_FILE), checkpointsFolder(dir)].some((path) => existsSync(path));
}

/** @param watch of who looks again and again */
function describe(id: string, path: string, nowMs: number, watch: LifeWatch | null): Described {
  const run = readRun(path);
  const status = readStatus(path);
  const damaged = { id, stage: run.ok ? run.value.stage : null, state: "damaged", path } as const;
  const createdAt = run.ok ? run.value.createdAt : null;
  const parent = run.ok ? parentName(path, run.value.parent) : null;
  if (!run.ok || !status.ok) {
    const reason = !run.ok ? run.reason : status.ok ? "" : status.reason;
    const step = status.ok ? status.value.step : null;
    return { summary: { ...damaged, step, steps: run.ok ? run.value.totalSteps : null, parent, reason }, createdAt };
  }
  const motion = isFinal(status.value.state) ? "unsure" : motionOf(status.value, path, nowMs, watch);
  const seen = shownState(status.value, nowMs, () => checkProcess(run.value), motion);
  // A process that ended between the two looks has left its last word meanwhile.
  const last = seen === "interrupted" ? readStatus(path) : status;
  const { step, totalSteps: steps } = last.ok ? last.value : status.value;
  const state = last.ok && isFinal(last.value.state) ? last.value.state : seen;
  const { stage, classes } = run.value;
  const summary = { id, stage, state, step, steps, path, parent, ...(classes === undefined ? {} : { classes }) };
  return { summary, createdAt };
}

const parentName = (runDir: string, parent: RunParent | null): string | null =>
  parent === null ? null : (parent.run ?? parentCheckpoint(runDir, parent));

/**
 * The heartbeat is by the clock of the machine that writes the run, the file's time mostly by that of the disk: if one of the two is
 * now, somebody writes.
 */
function motionOf({ heartbeat }: RunStatus, path: string, nowMs: number, watch: LifeWatch | null): Motion {
  const motion = watch?.look(`status ${path}`, heartbeat) ?? "unsure";
  if (motion !== "unsure") return motion;
  const changedMs = statSync(join(path, STATUS_FILE), { throwIfNoEntry: false })?.mtimeMs ?? Number.NaN;
  return Math.abs(nowMs - changedMs) <= 1000 * STALE_SECONDS ? "moving" : "unsure";
}

/**
 * One run as a list shows it.
 * @param watch of who looks again and again, at least every few seconds
 */
export function summarizeRun(runDir: string, nowMs: number = Date.now(), watch: LifeWatch | null = null): RunSummary {
  const path = resolve(runDir);
  return describe(path.split(/[/\\]/).pop() ?? path, path, nowMs, watch).summary;
}

function isFolder(parent: string, entry: Dirent): boolean {
  if (entry.isDirectory()) return true;
  if (!entry.isSymbolicLink()) return false;
  try {
    return statSync(join(parent, entry.name)).isDirectory();
  } catch {
    return false; // a link to nowhere, or in a circle
  }
}

/**
 * All runs in a folder, newest first, damaged ones of unknown age at the end.
 * @throws UserError if the folder cannot be read
 */
export function listRuns(runsDir: string, nowMs: number = Date.now()): RunSummary[] {
  const folder = resolve(runsDir);
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    const what =
      code === "ENOENT" ? "does not exist" : code === "ENOTDIR" ? "is no folder" : `cannot be read (${code})`;
    throw new UserError(`${folder} ${what}. Name the folder that holds the runs.`);
  }
  return entries
    .filter((entry) => !entry.name.startsWith(".") && isFolder(folder, entry))
    .map(({ name }) => ({ name, path: join(folder, name) }))
    .filter(({ path }) => looksLikeRun(path))
    .map(({ name, path }) => describe(name, path, nowMs, null))
    .map(({ summary, createdAt }) => ({ summary, place: { id: summary.id, createdAt } }))
    .sort((a, b) => compareNewest(a.place, b.place))
    .map(({ summary }) => summary);
}
