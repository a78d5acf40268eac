/** Writes what runs say as event files of TensorBoard, once or as long as they are at work. */
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../core/errors.ts";
import { isAtWork } from "../../core/run/entry.ts";
import type { RunRecord } from "../../core/run/record.ts";
import { LifeWatch } from "../../node/run/lifeWatch.ts";
import { summarizeRun } from "../../node/run/list.ts";
import { lockHolder } from "../../node/run/lock.ts";
import { EventLog } from "./eventLog.ts";
import { RunPoints } from "./runPoints.ts";

const POLL_MS = 1000;

export interface RunToExport {
  readonly dir: string;
  readonly record: RunRecord;
}

/** One of each run, always of the same name, so that an export goes on where the one before ended. */
const eventFile = (logDir: string, { dir, record }: RunToExport): string =>
  join(logDir, basename(dir), `events.out.tfevents.${Math.floor(Date.parse(record.createdAt) / 1000)}.maskdm`);

/**
 * @param logDir gets a folder for each run
 * @param follow until no run is at work any more
 * @throws UserError where the disk refuses, or two runs have folders of one name
 */
export async function exportTensorBoard(runs: readonly RunToExport[], logDir: string, follow: boolean): Promise<void> {
  const names = runs.map(({ dir }) => basename(dir));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new UserError(
      `Two of the runs are named ${twice}, and each needs a folder of its name. Export them to two folders.`,
    );
  }
  const watch = new LifeWatch();
  const open = runs.map((run) => ({
    dir: run.dir,
    points: new RunPoints(run.dir, run.record),
    log: new EventLog(eventFile(logDir, run), Date.parse(run.record.createdAt) / 1000),
    isOver: false,
  }));
  try {
    for (;;) {
      for (const run of open.filter(({ isOver }) => !isOver)) {
        // Asked before reading: what is written until the end is read.
        run.isOver = !isWritten(run.dir, watch);
        run.log.hold(await run.points.look());
      }
      if (!follow || open.every(({ isOver }) => isOver)) return;
      await sleep(POLL_MS);
    }
  } finally {
    for (const { log } of open) log.close();
  }
}

/** A resume that loads its images holds the lock, and says nothing else yet. */
const isWritten = (dir: string, watch: LifeWatch): boolean =>
  isAtWork(summarizeRun(dir, Date.now(), watch)) || lockHolder(dir, watch).held;
