/** Runs one entry of the queue in this process, as its worker has asked. */
import { join, resolve } from "node:path";
import type { ProcessIdentity } from "../../core/run/liveness.ts";
import { readEntry, updateStarted } from "../../node/run/queue.ts";
import type { Io } from "./io.ts";

/** @param options.token the claim; if it is no longer that of the entry, another process has taken it over and nothing is done */
export async function runEntry(
  id: string,
  options: { readonly runsDir: string; readonly token: string },
  io: Io,
): Promise<void> {
  const runsDir = resolve(options.runsDir);
  const entry = readEntry(runsDir, id, "started");
  if (entry === null || entry.claim?.token !== options.token) {
    return io.stderr(`${id} has been taken over by another process`);
  }
  const { order } = entry;
  // The run names its writer, by which the worker knows that it has begun.
  const started = (process: ProcessIdentity): void => updateStarted(runsDir, { ...entry, process });
  if (order.kind === "resume") {
    const { resume } = await import("./resumeRun.ts");
    return resume(join(runsDir, id), { runsDir, set: [], until: order.until, started }, io);
  }
  const { stage, experimentText, from, set, fromScratch, until, group, name } = order;
  const { experimentOfRun } = await import("../../node/run/experimentOfRun.ts");
  const experimentFile = await experimentOfRun(join(runsDir, id), order);
  const { startRun } = await import("./training.ts");
  const run = { run: id, runsDir, set, until, group, name, started };
  if (stage === "pretrain") {
    const { startingPoint } = await import("./startingPoint.ts");
    const source = from === null ? null : startingPoint(from, "raw", runsDir);
    await startRun(experimentFile, stage, run, source, io, experimentText);
    return;
  }
  const { findSource } = await import("./finetune.ts");
  const source = await findSource(
    experimentFile,
    { ...run, ...(from === null ? {} : { from }), fromScratch: fromScratch === true },
    set,
    experimentText,
  );
  await startRun(experimentFile, stage, run, source, io, experimentText);
}
