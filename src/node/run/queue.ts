/**
 * The queue of a runs folder: files `.queue/<id>.<state>.json`. An entry changes its state by one rename, which the file system
 * grants to one contender only, so no entry is begun twice or begun and removed at once.
 */
import { existsSync, linkSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { UserError } from "../../core/errors.ts";
import { parseDocument, RUN_FORMAT_VERSION } from "../../core/run/format.ts";
import {
  DEFAULT_RUNS_AT_ONCE,
  parseQueueEntry,
  QUEUE_STATES,
  type QueueEntry,
  type QueueState,
  queueLimitSchema,
} from "../../core/run/queue.ts";
import { wayInto } from "../wayInto.ts";
import { asDiskError } from "./diskError.ts";
import { errorCode, namesIn, removeQuietly, replaceFile, replaceJson, retrySharingViolation } from "./files.ts";
import { checkProcess } from "./process.ts";
import { readText } from "./readText.ts";

export const queueFolder = (runsDir: string): string => join(runsDir, ".queue");
/** Whether anything was ever queued in a runs folder. */
export const hasQueue = (runsDir: string): boolean => existsSync(queueFolder(runsDir));
/** What the process of an entry prints. */
export const launchLog = (runsDir: string, id: string): string => join(queueFolder(runsDir), "logs", `${id}.log`);
const limitFile = (runsDir: string): string => join(queueFolder(runsDir), "limit.json");
const entryFile = (runsDir: string, id: string, state: QueueState): string =>
  join(queueFolder(runsDir), `${id}.${state}.json`);

/** An entry as it stands. */
export interface Queued {
  readonly state: QueueState;
  readonly entry: QueueEntry;
}

const FILE = new RegExp(`^(?!\\.)(.+)\\.(${QUEUE_STATES.join("|")})\\.json$`);

/** Reads one entry; null: it is not in this state (any more), or its file cannot be used. */
export function readEntry(runsDir: string, id: string, state: QueueState): QueueEntry | null {
  let text: string;
  try {
    text = readText(entryFile(runsDir, id, state));
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return null;
  }
  const parsed = parseQueueEntry(text);
  return parsed.ok && parsed.value.id === id ? parsed.value : null;
}

/** All entries, in the order in which they begin. */
export function readQueue(runsDir: string): Queued[] {
  return namesIn(queueFolder(runsDir))
    .flatMap((name): Queued[] => {
      const [, id, state] = FILE.exec(name) ?? [];
      if (id === undefined) return [];
      const entry = readEntry(runsDir, id, state as QueueState);
      return entry === null ? [] : [{ state: state as QueueState, entry }];
    })
    .sort((a, b) => compare(a.entry.queuedAt, b.entry.queuedAt) || compare(a.entry.id, b.entry.id));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Puts an entry in the queue. The file appears whole.
 * @returns false if there is an entry of that id
 * @throws UserError if the disk refuses
 */
export function addEntry(runsDir: string, entry: QueueEntry): boolean {
  const path = entryFile(runsDir, entry.id, "waiting");
  const temporary = join(queueFolder(runsDir), `.adding-${entry.id}-${process.pid}`);
  try {
    mkdirSync(queueFolder(runsDir), { recursive: true });
    if (QUEUE_STATES.some((state) => existsSync(entryFile(runsDir, entry.id, state)))) return false;
    replaceJson(temporary, entry, true);
    try {
      linkSync(temporary, path); // a rename would replace what somebody else has just added
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      renameSync(temporary, path); // a file system without links
    }
    return true;
  } catch (error) {
    throw asDiskError(error, { path });
  } finally {
    removeQuietly(temporary);
  }
}

/** @returns whether this call made the change; false: somebody else has moved or removed the entry */
function move(runsDir: string, id: string, from: QueueState, to: QueueState): boolean {
  try {
    retrySharingViolation(() => renameSync(entryFile(runsDir, id, from), entryFile(runsDir, id, to)));
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw asDiskError(error, { path: entryFile(runsDir, id, to) });
  }
}

/**
 * Takes a waiting entry, for this process to begin it.
 * @param token made up for this attempt
 * @returns the entry, or null if somebody else was faster or it was removed
 */
export function claimEntry(runsDir: string, id: string, token: string): QueueEntry | null {
  if (!move(runsDir, id, "waiting", "started")) return null;
  const entry = readEntry(runsDir, id, "started");
  if (entry === null) return null;
  const claimed = { ...entry, attempts: entry.attempts + 1, claim: { token, at: new Date().toISOString() } };
  updateStarted(runsDir, claimed);
  return claimed;
}

/** Records more about a started entry. */
export function updateStarted(runsDir: string, entry: QueueEntry): void {
  replaceJson(entryFile(runsDir, entry.id, "started"), entry, false);
}

/** Puts an entry back where it was in the queue: one that did not begin, or one that failed and is to be tried again. */
export function putBack(runsDir: string, entry: QueueEntry, from: "started" | "failed"): boolean {
  const { claim: _claim, process: _process, failure: _failure, ...plain } = entry;
  const waiting = from === "failed" ? { ...plain, attempts: 0 } : plain;
  try {
    // Before the rename: a claim that is no longer true must not be met in the state "waiting".
    replaceJson(entryFile(runsDir, entry.id, from), waiting, false);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
  return move(runsDir, entry.id, from, "waiting");
}

/** Leaves an entry as failed, to be seen until somebody removes it or tries it again. */
export function failEntry(runsDir: string, entry: QueueEntry, message: string): void {
  const failure = { message, log: launchLog(runsDir, entry.id), at: new Date().toISOString() };
  updateStarted(runsDir, { ...entry, failure });
  move(runsDir, entry.id, "started", "failed");
}

/** Forgets an entry whose run has begun: the run folder tells the rest. */
export function finishEntry(runsDir: string, id: string): void {
  removeQuietly(entryFile(runsDir, id, "started"));
}

/**
 * Takes an entry that waits, or failed, out of the queue.
 * @returns false if there is none in these states: it has been started, removed, or never was
 */
export function removeEntry(runsDir: string, id: string): boolean {
  for (const state of ["waiting", "failed"] as const) {
    try {
      retrySharingViolation(() => rmSync(entryFile(runsDir, id, state)));
      removeQuietly(launchLog(runsDir, id));
      return true;
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw asDiskError(error, { path: entryFile(runsDir, id, state) });
    }
  }
  return false;
}

const cancelFile = (runsDir: string, id: string): string => join(queueFolder(runsDir), `${id}.cancel`);

/**
 * Ends the process of an entry whose run folder does not exist yet, so that there is nothing to save. Its worker then forgets it.
 * @returns false if there is no such process
 */
export function cancelStarted(runsDir: string, id: string): boolean {
  const entry = readEntry(runsDir, id, "started");
  if (entry?.process === undefined || checkProcess(entry.process) !== "alive") return false;
  replaceFile(cancelFile(runsDir, id), "", false);
  try {
    process.kill(entry.process.pid);
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
  return true;
}

/** Whether an entry was cancelled; asking takes the mark away. */
export function takeCancelMark(runsDir: string, id: string): boolean {
  const asked = existsSync(cancelFile(runsDir, id));
  if (asked) removeQuietly(cancelFile(runsDir, id));
  return asked;
}

/** Id of the run in this runs folder that an entry's finetuning starts from; null: none, weights elsewhere, or not named. */
export function parentOf(runsDir: string, { order }: QueueEntry): string | null {
  if (order.kind !== "start" || order.from === null) return null;
  const way = isAbsolute(order.from) ? wayInto(resolve(runsDir), order.from) : order.from;
  return way?.split("/")[0] || null;
}

/** How many runs of the queue may be at work at once. */
export function readLimit(runsDir: string): number {
  try {
    const parsed = parseDocument(queueLimitSchema, readText(limitFile(runsDir)));
    return parsed.ok ? parsed.value.runsAtOnce : DEFAULT_RUNS_AT_ONCE;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return DEFAULT_RUNS_AT_ONCE;
  }
}

/** @throws UserError if the number will not do, or the disk refuses */
export function writeLimit(runsDir: string, runsAtOnce: number): void {
  const limit = queueLimitSchema.safeParse({ formatVersion: RUN_FORMAT_VERSION, runsAtOnce });
  if (!limit.success) throw new UserError(`${runsAtOnce} runs at once will not do; choose a number from 1 to 64.`);
  if (readLimit(runsDir) === runsAtOnce && existsSync(limitFile(runsDir))) return;
  try {
    mkdirSync(queueFolder(resolve(runsDir)), { recursive: true });
  } catch (error) {
    throw asDiskError(error, { path: queueFolder(runsDir) });
  }
  replaceJson(limitFile(runsDir), limit.data, false);
}
