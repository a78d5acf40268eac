import type { ProcessCheck } from "../../core/run/liveness.ts";
import { isFinal } from "../../core/run/status.ts";
import { checkProcessAsync } from "./processAsync.ts";
import type { RunSnapshot } from "./runSnapshot.ts";

/** Where another program has to be asked (everywhere but on Linux), an answer is kept so long. */
const KEPT_MS = process.platform === "linux" ? 0 : 10_000;

/** Looks for the processes of runs, each no more often than it has to. */
export function processChecks() {
  const known = new Map<string, { readonly at: number; readonly answer: ProcessCheck }>();
  return {
    /** Whether the process of a run that says it is at work lives. */
    async check(snapshot: RunSnapshot | null, now: number): Promise<ProcessCheck> {
      if (snapshot === null || !snapshot.record.ok || !snapshot.status.ok) return "unknown";
      if (isFinal(snapshot.status.value.state)) return "unknown";
      const { host, pid, processStart } = snapshot.record.value;
      const key = `${host} ${pid} ${processStart}`;
      const before = known.get(key);
      if (before !== undefined && (before.answer === "gone" || now - before.at < KEPT_MS)) return before.answer;
      const answer = await checkProcessAsync({ host, pid, processStart });
      known.set(key, { at: now, answer });
      return answer;
    },
  };
}
