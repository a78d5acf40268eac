/** Makes an entry of the list from what a run folder and the queue say. */
import { basename, dirname } from "node:path";
import { isAtWork, type RunEntry } from "../../core/run/entry.ts";
import { type Motion, type ProcessCheck, shownState } from "../../core/run/liveness.ts";
import type { RunRecord } from "../../core/run/record.ts";
import { shownText } from "../../core/shownText.ts";
import { NO_ANNOTATIONS } from "./annotations.ts";
import type { ExperimentPlace } from "./experimentOfRun.ts";
import { isSameProcess } from "./process.ts";
import { parentOf, type Queued } from "./queue.ts";
import type { RunSnapshot } from "./runSnapshot.ts";

export interface Seen {
  readonly now: number;
  /** what looking for the run's process said */
  readonly check: ProcessCheck;
  /** what watching the run's heartbeat says */
  readonly motion: Motion;
  /** the file that its record, or order, belongs to now; null: there is neither */
  readonly experimentFile: string | null;
}

/** What says where the experiment file of an entry is; null: nothing does. */
export function experimentPlaceOf(snapshot: RunSnapshot | null, queued: Queued | null): ExperimentPlace | null {
  if (snapshot?.record.ok) return snapshot.record.value;
  return queued?.entry.order.kind === "start" ? queued.entry.order : null;
}

/**
 * @param snapshot null: there is no run folder yet
 * @param queued null: nothing is asked of it
 */
export function runEntry(dir: string, snapshot: RunSnapshot | null, queued: Queued | null, seen: Seen): RunEntry {
  const id = basename(dir);
  const order = queued?.entry.order;
  const start = order?.kind === "start" ? order : null;
  const record = snapshot?.record.ok ? snapshot.record.value : null;
  const status = snapshot?.status.ok ? snapshot.status.value : null;
  const { name, tags, note, pinned, archived, group } = snapshot?.annotations ?? NO_ANNOTATIONS;
  const failure = queued?.state === "failed" ? queued.entry.failure : undefined;
  const own = stateOf(snapshot, seen);
  const reason = failure?.message ?? (own.state === "damaged" ? own.reason : undefined);
  return {
    dir,
    id,
    state: withQueue(own.state, queued, record),
    stage: record?.stage ?? start?.stage ?? null,
    experimentFile: seen.experimentFile,
    parent:
      record === null ? (queued === null ? null : parentOf(dirname(dir), queued.entry)) : (record.parent?.run ?? null),
    record,
    status,
    evaluation: snapshot?.evaluation ?? null,
    label: shownText(name ?? start?.name ?? id),
    tags: tags.map(shownText),
    note: note ?? null,
    pinned,
    archived,
    group: shownGroup(group ?? start?.group),
    ...(reason === undefined ? {} : { reason: shownText(reason) }),
    ...(queued?.state === "failed" ? { launchFailed: true } : {}),
  };
}

const shownGroup = (group: string | undefined): string | null => (group === undefined ? null : shownText(group));

type OwnState = { readonly state: RunEntry["state"] | null; readonly reason?: string };

/** What the run folder says; null: there is none. */
function stateOf(snapshot: RunSnapshot | null, { now, check, motion }: Seen): OwnState {
  if (snapshot === null) return { state: null };
  if (!snapshot.record.ok) return { state: "damaged", reason: snapshot.record.reason };
  if (!snapshot.status.ok) return { state: "damaged", reason: snapshot.status.reason };
  return { state: shownState(snapshot.status.value, now, () => check, motion) };
}

/** A run that is asked to begin or go on shows that, unless it is at work already. */
function withQueue(own: RunEntry["state"] | null, queued: Queued | null, record: RunRecord | null): RunEntry["state"] {
  if (queued === null || (own !== null && isAtWork({ state: own }))) return own ?? "damaged";
  if (queued.state === "waiting") return "queued";
  if (queued.state === "started") return own === null || !hasBegun(queued, record) ? "starting" : own;
  return own ?? "failed";
}

/** Whether the process of an entry has become the writer of its run: until then the run tells how it stood before. */
function hasBegun({ entry }: Queued, record: RunRecord | null): boolean {
  const { process: writer } = entry;
  if (writer === undefined) return entry.order.kind === "start";
  return record === null || record.sessions.some((session) => isSameProcess(session, writer));
}
