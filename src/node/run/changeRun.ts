/** Stopping runs and going on with them, whoever asks: the editor or an assistant. */
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../core/errors.ts";
import { isAtWork } from "../../core/run/entry.ts";
import { requestStop } from "./control.ts";
import { enqueueResume } from "./enqueue.ts";
import { looksLikeRun, summarizeRun } from "./list.ts";
import { lockHolder } from "./lock.ts";
import { cancelStarted, putBack, readEntry, removeEntry } from "./queue.ts";

/**
 * Asks a run to finish its step, save and end; a queued one is taken out of the queue.
 * @param dir absolute path of its folder
 * @throws UserError where there is nothing to stop, or the disk refuses
 */
export function stopRun(dir: string): void {
  const [runsDir, id] = [dirname(dir), basename(dir)];
  const exists = looksLikeRun(dir);
  // A resume that loads its images holds the lock, and says nothing else yet.
  if (exists && (isAtWork(summarizeRun(dir)) || lockHolder(dir).held)) requestStop(dir);
  else if (!removeEntry(runsDir, id) && !(!exists && cancelStarted(runsDir, id)))
    throw new UserError(`${id} is not at work; there is nothing to stop.`);
}

/** A process that has said that it ends is gone, and its worker has noticed, long before. */
const PATIENCE_MS = 20_000;
const POLL_MS = 100;

/**
 * Queues going on with a run; one that did not begin waits again.
 * @param dir absolute path of its folder
 * @param work keeps the queue worked
 * @throws UserError if it cannot go on, or the disk refuses
 */
export async function queueResume(dir: string, work: () => Promise<void>): Promise<void> {
  const [runsDir, id] = [dirname(dir), basename(dir)];
  const failed = readEntry(runsDir, id, "failed");
  if (failed !== null) putBack(runsDir, failed, "failed");
  else {
    const until = performance.now() + PATIENCE_MS;
    while (!enqueueResume(dir)) {
      if (performance.now() > until) throw new UserError(`${id} is still ending. Try again in a moment.`, "failure");
      await work();
      await sleep(POLL_MS);
    }
  }
  await work();
}
