/** Makes an entry of the list from what a run folder and the queue say. */
import { basename, dirname } from "node:path";
import type { RunEntry } from "../../core/run/entry.ts";
import { type Motion, type ProcessCheck, shownState } from "../../core/run/liveness.ts";
import { shownText } from "../../core/shownText.ts";
import { NO_ANNOTATIONS } from "./annotations.ts";
import { parentOf, type Queued } from "./queue.ts";
import type { RunSnapshot } from "./runSnapshot.ts";

export interface Seen {
  readonly now: number;
  /** what looking for the run's process said */
  readonly check: ProcessCheck;
  /** what watching the run's heartbeat says */
  readonly motion: Motion;
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
    state: withQueue(own.state, queued),
    stage: record?.stage ?? start?.stage ?? null,
    experimentFile: record?.experimentFile ?? start?.experimentFile ?? null,
    parent:
      record === null ? (queued === null ? null : parentOf(dirname(dir), queued.entry)) : (record.parent?.run ?? null),
    record,
    status,
    label: shownText(name ?? id),
    tags: tags.map(shownText),
    note: note ?? null,
    pinned,
    archived,
    group: group === undefined ? null : shownText(group),
    ...(reason === undefined ? {} : { reason: shownText(reason) }),
    ...(queued?.state === "failed" ? { launchFailed: true } : {}),
  };
}

type OwnState = { readonly state: RunEntry["state"] | null; readonly reason?: string };

/** What the run folder says; null: there is none. */
function stateOf(snapshot: RunSnapshot | null, { now, check, motion }: Seen): OwnState {
  if (snapshot === null) return { state: null };
  if (!snapshot.record.ok) return { state: "damaged", reason: snapshot.record.reason };
  if (!snapshot.status.ok) return { state: "damaged", reason: snapshot.status.reason };
  return { state: shownState(snapshot.status.value, now, () => check, motion) };
}

/** A run that is asked to begin or go on shows that, unless it is at work already. */
function withQueue(own: RunEntry["state"] | null, queued: Queued | null): RunEntry["state"] {
  const atWork = own === "starting" || own === "running" || own === "stopping";
  if (queued === null || atWork) return own ?? "damaged";
  if (queued.state === "waiting") return "queued";
  // Between the start of the process and its first writing, and between its last and the worker's look.
  if (queued.state === "started") return own === null ? "starting" : ownOrStarting(own, queued);
  return own ?? "failed";
}

const ownOrStarting = (own: RunEntry["state"], { entry }: Queued): RunEntry["state"] =>
  entry.order.kind === "resume" && (own === "stopped" || own === "interrupted") ? "starting" : own;
