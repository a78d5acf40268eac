/** Whether a process works a queue, and starting one. */

import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { heartbeatIsFresh } from "../../core/run/liveness.ts";
import { type Program, spawnDetached } from "./detached.ts";
import { currentLock } from "./lockFiles.ts";
import { checkProcessAsync } from "./processAsync.ts";
import { queueFolder } from "./queue.ts";

/** What the worker of a queue prints. */
export const workerLog = (runsDir: string): string => join(queueFolder(runsDir), "worker.log");

/** Whether somebody works the queue. */
export const isWorked = (runsDir: string): Promise<boolean> => hasWorker(queueFolder(runsDir));

/**
 * Whether a worker has the lock of a folder. Blocks nothing, unlike lockHolder, which asks the system for the process at once. Looks once: of
 * a worker on another machine whose clock is wrong it may say no; a worker that is started then finds out, and ends.
 */
export async function hasWorker(folder: string): Promise<boolean> {
  const lock = currentLock(folder);
  if (lock === null || lock.released) return false;
  const check = await checkProcessAsync(lock);
  return check === "unknown" ? heartbeatIsFresh(lock.acquiredAt, Date.now()) : check === "alive";
}

/** Starts a worker that outlives this process. It ends at once if there is one already. */
export function startWorker(runsDir: string, program: Program): ChildProcess {
  const options = { cwd: runsDir, logFile: workerLog(runsDir), mode: "a" } as const;
  return spawnDetached(program, ["queue", "work", "--runs-dir", runsDir], options);
}

/**
 * Starts a worker where none is at work.
 * @param failed told where it could not be started
 */
export async function ensureWorker(runsDir: string, program: Program, failed: (why: string) => void): Promise<void> {
  if (await isWorked(runsDir)) return;
  startWorker(runsDir, program).on("error", ({ message }) =>
    failed(`the queue's worker could not be started: ${message}`),
  );
}
