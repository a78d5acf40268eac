/** Where the runs of a study stand, read off their folders and the queue. */
import { join } from "node:path";
import { isAtWork } from "../../core/run/entry.ts";
import type { Evaluation } from "../../core/run/evaluations.ts";
import { isFinal } from "../../core/run/status.ts";
import type { RunFacts, StudyFacts } from "../../core/study/cellState.ts";
import type { StudyPlan } from "../../core/study/plan.ts";
import { EVALUATIONS_FILE, evaluationsOf } from "../run/evaluations.ts";
import { namesIn } from "../run/files.ts";
import { LifeWatch } from "../run/lifeWatch.ts";
import { metricsFile, readLastMetrics } from "../run/metrics.ts";
import { processChecks } from "../run/processChecks.ts";
import { type Queued, readQueue } from "../run/queue.ts";
import { hasWorker } from "../run/queueWorker.ts";
import { runEntry } from "../run/runEntry.ts";
import { type RunSnapshot, readSnapshot, timesOf } from "../run/runSnapshot.ts";
import { STATUS_FILE } from "../run/status.ts";
import { studyFolder } from "./places.ts";
import { readStudyRecord } from "./recordFile.ts";

/** What the files of a run say. */
interface Known {
  /** null: to be read again whatever the times say */
  readonly seen: string | null;
  readonly snapshot: RunSnapshot | null;
  readonly evaluations: readonly Evaluation[];
  readonly seconds: number | null;
  readonly heldOut: RunFacts["heldOut"];
}

/**
 * Reads again and again, as once a second, and each time only files that have changed. One for each runs folder, for any number of
 * studies.
 */
export class StudyReader {
  private readonly known = new Map<string, Known>();
  private readonly checks = processChecks();
  private readonly heartbeats = new LifeWatch();

  constructor(private readonly runsDir: string) {}

  /** @param name of the study */
  async facts(name: string, plan: Pick<StudyPlan, "runs">): Promise<StudyFacts> {
    // Before the rest: once nobody is at work, what is read is how things ended.
    const atWork = await hasWorker(studyFolder(this.runsDir, name));
    const present = new Set(namesIn(this.runsDir));
    const queue = new Map(readQueue(this.runsDir).map((queued) => [queued.entry.id, queued]));
    const runs = new Map<string, RunFacts>();
    const all = [...plan.runs.keys()].filter((id) => present.has(id) || queue.has(id));
    await Promise.all(
      all.map(async (id) => {
        const facts = await this.runFacts(join(this.runsDir, id), present.has(id), queue.get(id) ?? null);
        if (facts !== null) runs.set(id, facts);
      }),
    );
    const record = readStudyRecord(this.runsDir, name);
    return { run: (id) => runs.get(id), record: record.ok ? record.value : null, atWork };
  }

  private async runFacts(dir: string, exists: boolean, queued: Queued | null): Promise<RunFacts | null> {
    const known = exists ? await this.look(dir) : NOTHING;
    const { snapshot } = known;
    if (snapshot === null && queued === null) return null;
    const now = Date.now();
    const status = snapshot?.status.ok ? snapshot.status.value : null;
    const isOpen = status !== null && !isFinal(status.state);
    const check = await this.checks.check(snapshot, now);
    const motion = isOpen ? this.heartbeats.look(dir, status.heartbeat) : "unsure";
    const entry = runEntry(dir, snapshot, queued, { now, check, motion, experimentFile: null });
    return {
      state: entry.launchFailed === true && !isAtWork(entry) ? "failed" : entry.state,
      step: status?.step ?? null,
      totalSteps: status?.totalSteps ?? null,
      seconds: known.seconds,
      reason: entry.reason ?? (status?.state === "failed" || status?.state === "diverged" ? status.message : null),
      evaluations: known.evaluations,
      heldOut: known.heldOut,
    };
  }

  private async look(dir: string): Promise<Known> {
    const before = this.known.get(dir);
    const seen = await timesOf([dir, join(dir, STATUS_FILE), metricsFile(dir), join(dir, EVALUATIONS_FILE)]);
    if (before !== undefined && seen !== null && seen === before.seen) return before;
    const snapshot = readSnapshot(dir);
    const fresh = snapshot === null ? NOTHING : { seen, snapshot, evaluations: evaluationsOf(dir), ...measured(dir) };
    this.known.set(dir, fresh);
    return fresh;
  }
}

const NOTHING: Known = { seen: null, snapshot: null, evaluations: [], seconds: null, heldOut: null };

/** The same once; who asks again and again takes a StudyReader. */
export const studyFacts = (runsDir: string, name: string, plan: Pick<StudyPlan, "runs">): Promise<StudyFacts> =>
  new StudyReader(runsDir).facts(name, plan);

function measured(dir: string): Pick<Known, "seconds" | "heldOut"> {
  const steps = readLastMetrics(dir);
  const held = steps.findLast(({ heldOutLoss }) => typeof heldOutLoss === "number");
  return {
    seconds: steps.at(-1)?.seconds ?? null,
    heldOut:
      typeof held?.heldOutLoss === "number"
        ? { step: held.step, loss: held.heldOutLoss, error: held.heldOutError ?? null }
        : null,
  };
}
