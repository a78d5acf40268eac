/** A run as lists and panels of the editor show it. */
import type { Stage } from "../random/streams.ts";
import type { Evaluation } from "./evaluations.ts";
import type { ShownState } from "./liveness.ts";
import type { RunRecord } from "./record.ts";
import { compareNewest, type PlacedRun } from "./runOrder.ts";
import type { RunStatus } from "./status.ts";

/** A run as the explorer shows it; queued ones have no folder of results yet. */
export interface RunEntry {
  /** absolute path of the run folder (of the folder it will have, while queued); the entry's identity */
  readonly dir: string;
  readonly id: string;
  readonly state: ShownState | "damaged" | "queued";
  /** null: unknown, run.json is damaged */
  readonly stage: Stage | null;
  /** absolute path of the experiment file it was started from; null: unknown */
  readonly experimentFile: string | null;
  /** id of the run whose weights it started from; null: none, or weights that are no run */
  readonly parent: string | null;
  readonly record: RunRecord | null;
  readonly status: RunStatus | null;
  /** its newest one; null: its images were not measured yet */
  readonly evaluation: Evaluation | null;
  /** the name a user gave it, else its id */
  readonly label: string;
  readonly tags: readonly string[];
  readonly note: string | null;
  readonly pinned: boolean;
  readonly archived: boolean;
  readonly group: string | null;
  /** what is wrong: with state damaged; or why a queued run did not begin or go on */
  readonly reason?: string;
  /** the queue holds it as failed: it did not begin or go on, see `reason`; can be tried again */
  readonly launchFailed?: boolean;
}

/** Where lists place it; what the queue holds, and nothing else, has no record and is whole. */
export const placeOf = ({ id, record, state }: Pick<RunEntry, "id" | "record" | "state">): PlacedRun => ({
  id,
  createdAt: record?.createdAt ?? null,
  queued: record === null && state !== "damaged",
});

/** As lists to choose from show them. */
export const newestFirst = (runs: readonly RunEntry[]): RunEntry[] =>
  [...runs].sort((a, b) => compareNewest(placeOf(a), placeOf(b)));

/** What changed in the list of runs, by `dir`. */
export interface RunsChange {
  readonly changed: readonly RunEntry[];
  readonly removed: readonly string[];
}

const AT_WORK: readonly RunEntry["state"][] = ["starting", "running", "stopping"];

/** Whether a process is at work for it. */
export const isAtWork = ({ state }: { readonly state: RunEntry["state"] }): boolean => AT_WORK.includes(state);

/** Whether it can go on from where it ended. */
export const isResumable = ({ state, launchFailed, record }: RunEntry): boolean =>
  (launchFailed === true && !AT_WORK.includes(state)) ||
  (record !== null && (state === "stopped" || state === "interrupted" || state === "failed" || state === "diverged"));

/** Share of the steps done, 0 to 1; null: not known. */
export function progressOf({ status }: Pick<RunEntry, "status">): number | null {
  return status === null || status.totalSteps === 0 ? null : Math.min(1, status.step / status.totalSteps);
}
