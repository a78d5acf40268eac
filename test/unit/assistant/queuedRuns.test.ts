/** What tools say and do of runs that the queue holds. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { TOOLS } from "../../../src/core/assistant/tools.ts";
import type { RunEntry } from "../../../src/core/run/entry.ts";
import type { QueueEntry, QueueState } from "../../../src/core/run/queue.ts";
import { runEntry } from "../../../src/node/run/runEntry.ts";
import { caller, hostOf } from "./testHost.ts";

const QUEUED_AT = "2026-01-01T00:00:00.000Z";

/** A run without a folder. */
function queued(state: QueueState, more: Partial<QueueEntry> = {}): RunEntry {
  const order = {
    kind: "start",
    stage: "pretrain",
    experimentFile: "/a.maskdm.yaml",
    experimentText: "",
    set: [],
  } as const;
  const entry: QueueEntry = {
    ...{ formatVersion: 1, id: "a", order: { ...order, from: null, set: [] }, queuedAt: QUEUED_AT, attempts: 1 },
    ...more,
  };
  const seen = { now: Date.parse(QUEUED_AT), check: "gone", motion: "unsure", experimentFile: null } as const;
  return runEntry(join("/", "runs", "a"), null, { state, entry }, seen);
}

it("one that did not begin is said to wait again, not to go on", async () => {
  const failure = { message: "no room", log: "", at: QUEUED_AT };
  const { host } = hostOf({ runs: async () => [queued("failed", { failure })] });
  const { question } = await TOOLS.control_run.prepare({ run: "a", action: "resume" }, host);
  expect(question).toEqual({
    title: "Resume a?",
    message: "It did not begin, and waits in the queue again.",
    command: ["queue", "retry", "a"],
  });
});

/** A host whose lists of runs are these, one after another, the last one for good. */
const hostWithLists = (...lists: readonly (readonly RunEntry[])[]) => {
  let at = 0;
  return hostOf({ runs: async () => lists[Math.min(at++, lists.length - 1)]! }).host;
};
const waited = async (host: ReturnType<typeof hostWithLists>) =>
  (await TOOLS.run_status.prepare({ run: "a", wait_seconds: 60 }, host)).act(caller);

it("who waits for one that is taken out of the queue is told at once", async () => {
  await expect(waited(hostWithLists([queued("waiting")], []))).rejects.toThrow(
    "is gone, or was taken out of the queue",
  );
});

it("one that is not listed while the queue moves it is waited for", async () => {
  const ended = { ...queued("failed"), reason: "no room" };
  const { data } = await waited(hostWithLists([queued("waiting")], [], [ended]));
  expect(data).toMatchObject({ runs: [{ run: "a", state: "failed", message: "no room" }] });
});
