/** Makes entries of the queue from what a user asks for. */
import { existsSync, mkdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UserError } from "../../core/errors.ts";
import { formatDiagnostic } from "../../core/experiment/diagnostic.ts";
import type { Override } from "../../core/experiment/overrides.ts";
import { parseExperiment } from "../../core/experiment/parse.ts";
import type { Stage } from "../../core/random/streams.ts";
import { isAtWork } from "../../core/run/entry.ts";
import { RUN_FORMAT_VERSION } from "../../core/run/format.ts";
import { experimentName, newRunId } from "../../core/run/names.ts";
import type { QueueEntry, QueueOrder } from "../../core/run/queue.ts";
import { maskdmCommand } from "../shellCommand.ts";
import { wayInto } from "../wayInto.ts";
import { asDiskError } from "./diskError.ts";
import { experimentBehind, wayFromRun } from "./experimentOfRun.ts";
import { errorCode, namesIn } from "./files.ts";
import { summarizeRun } from "./list.ts";
import { checkFree, localDate } from "./newRun.ts";
import { isSameProcess } from "./process.ts";
import { addEntry, readEntry, readQueue } from "./queue.ts";
import { readRun } from "./runFiles.ts";

export interface StartRequest {
  readonly runsDir: string;
  readonly experimentFile: string;
  /** what is to be trained, where it is not the file's text as it stands */
  readonly experimentText?: string;
  readonly stage: Stage;
  /** run id, or a path, to finetune from; a path that is not absolute starts at the current folder */
  readonly from?: string | undefined;
  /** finetune from new weights, whatever the experiment says */
  readonly fromScratch?: boolean;
  /** step at which it pauses; undefined: its last */
  readonly until?: number | undefined;
  /** that it is put into */
  readonly group?: string | undefined;
  /** what lists call it */
  readonly name?: string | undefined;
  readonly set?: readonly Override[];
  /** name of the run's folder; otherwise one is made */
  readonly id?: string | undefined;
}

/**
 * Queues a new run with the experiment as it is now.
 * @returns the id of the run: the name that its folder will have
 * @throws UserError if the experiment cannot be read or has errors, the id is taken, or the disk refuses
 */
export async function enqueueStart(request: StartRequest): Promise<string> {
  const runsDir = resolve(request.runsDir);
  const file = resolve(request.experimentFile);
  const experimentText = request.experimentText ?? readText(file);
  const experimentFile = await experimentBehind(file);
  const set = (request.set ?? []).map(({ path, value }) => ({ path, value: String(value) }));
  const parsed = parseExperiment(experimentText, set);
  if (!parsed.ok) {
    const errors = parsed.diagnostics.filter(({ severity }) => severity === "error");
    throw new UserError(
      `Nothing was queued, since the experiment has errors:\n${errors.map((error) => formatDiagnostic(file, error)).join("\n")}`,
    );
  }
  const from = request.from === undefined ? null : fromOf(request.from, runsDir);
  const fromScratch = request.fromScratch === true;
  if (request.stage === "finetune" && !fromScratch && from === null && parsed.experiment.finetune.from === null) {
    throw new UserError(
      `${experimentFile} names no checkpoint to finetune from. Choose a pretraining run, or set finetune.from.`,
    );
  }
  try {
    mkdirSync(runsDir, { recursive: true });
  } catch (error) {
    throw asDiskError(error, { path: runsDir });
  }
  for (;;) {
    const queued = readQueue(runsDir).map(({ entry }) => entry.id);
    const taken = [...namesIn(runsDir), ...queued];
    const id = request.id ?? newRunId(localDate(), experimentName(experimentFile), request.stage, taken);
    if (request.id !== undefined) {
      checkFree(runsDir, id);
      if (queued.includes(id)) throw new UserError(`A run named ${id} is queued already. Choose another name.`);
    }
    const way = wayFromRun(join(runsDir, id), experimentFile, realpathSync);
    const order: QueueOrder = {
      ...{ kind: "start", stage: request.stage, experimentFile },
      ...(way === undefined ? {} : { experimentFromRun: way }),
      ...{ experimentText, from, set },
      ...(fromScratch ? { fromScratch } : {}),
      ...{ until: request.until, group: request.group, name: request.name },
    };
    if (addEntry(runsDir, newEntry(id, order))) return id;
  }
}

/**
 * Queues going on with a run. One that is queued already stays so.
 * @param until step at which it pauses; undefined: its last
 * @returns false where the queue still holds the session that has just ended: its worker will notice, and then it can be queued
 * @throws UserError if the folder is no run that can go on, or the disk refuses
 */
export function enqueueResume(runDir: string, until?: number): boolean {
  const run = summarizeRun(resolve(runDir));
  if (run.state === "damaged") throw new UserError(`${run.path} cannot be resumed: ${run.reason}.`);
  if (run.state === "finished") {
    throw new UserError(
      `${run.id} has all its ${run.steps} steps. Train it for longer with: ${maskdmCommand("resume", run.path, "--steps", "N")}`,
    );
  }
  if (isAtWork(run)) {
    throw new UserError(`${run.id} is at work already (${run.state}).`);
  }
  const runsDir = dirname(run.path);
  if (addEntry(runsDir, newEntry(run.id, { kind: "resume", until }))) return true;
  const writer = readEntry(runsDir, run.id, "started")?.process;
  const record = writer === undefined ? null : readRun(run.path);
  return record === null || !record.ok || !record.value.sessions.some((session) => isSameProcess(session, writer!));
}

const newEntry = (id: string, order: QueueOrder): QueueEntry => ({
  formatVersion: RUN_FORMAT_VERSION,
  id,
  order,
  queuedAt: new Date().toISOString(),
  attempts: 0,
});

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`${file} cannot be read (${errorCode(error) ?? String(error)}). Name an experiment file.`);
  }
}

/**
 * The id of a run that is there or queued stays an id, and what is in the runs folder is named from there, as the folder may be moved
 * before the run begins; of anything else the queue needs the absolute path.
 */
function fromOf(from: string, runsDir: string): string {
  const isId = !/[/\\]/.test(from) && !existsSync(from);
  if (isId || existsSync(join(runsDir, from))) return from;
  return wayInto(runsDir, resolve(from)) || resolve(from);
}
