/** Whether a run that says it is at work is: the rule that every viewer applies, docs/run-format.md section "Liveness". */
import { isFinal, type RunState, type RunStatus } from "./status.ts";

/** A process at work renews the heartbeat this often. */
export const HEARTBEAT_SECONDS = 5;
/** Who has given no sign of life for so long is taken for dead. */
export const STALE_SECONDS = 60;

/**
 * What looking for the writer's process says. alive: it exists, with the recorded start time. gone: it does not, or it is a
 * zombie, or the id now belongs to another process. unknown: it cannot be looked for from here, e.g. it is on another host.
 */
export type ProcessCheck = "alive" | "gone" | "unknown";

/**
 * What watching a process's sign of life says, by the watcher's own clock. moving: it has changed within STALE_SECONDS. standing: it
 * has not. unsure: it was not watched for so long.
 */
export type Motion = "moving" | "standing" | "unsure";

/** What a viewer shows: the recorded state, or interrupted if nobody is at work any more. */
export type ShownState = RunState | "interrupted";

/** Compares two clocks, perhaps of two machines: good enough to show something, and never to take over a run. */
export function heartbeatIsFresh(heartbeat: string, nowMs: number): boolean {
  return Math.abs(nowMs - Date.parse(heartbeat)) <= STALE_SECONDS * 1000;
}

/**
 * @param check called only where the answer depends on the process, since looking for one can be slow
 * @param motion of the heartbeat, where the viewer watches it; clocks are compared where that says nothing yet
 */
export function shownState(
  status: RunStatus,
  nowMs: number,
  check: () => ProcessCheck,
  motion: Motion = "unsure",
): ShownState {
  if (isFinal(status.state)) return status.state;
  const lives = motion === "unsure" ? heartbeatIsFresh(status.heartbeat, nowMs) : motion === "moving";
  if (!lives) return "interrupted";
  return check() === "gone" ? "interrupted" : status.state;
}

/** Names one process for good. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** platform, what else names the process table, and the start time, joined by ":" */
  readonly processStart: string;
}

/**
 * Whether two processes are in the same process table, so that one can look for the other: same host and same `processStart` up
 * to its last ":" (on Linux: the same boot and process namespace).
 */
export function sameProcessTable(a: ProcessIdentity, b: ProcessIdentity): boolean {
  const table = (identity: ProcessIdentity) =>
    identity.processStart.slice(0, identity.processStart.lastIndexOf(":") + 1);
  return a.host === b.host && table(a) === table(b);
}
