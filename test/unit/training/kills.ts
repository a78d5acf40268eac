/** Kills a run at seeded moments, resumes it each time, and tells where the kills hit. */
import { existsSync, readdirSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import { RandomStream } from "../../../src/core/random/streams.ts";
import { parseMetricsLine } from "../../../src/core/run/metrics.ts";
import { listCheckpoints } from "../../../src/node/run/checkpoints.ts";
import { sleep, statusOf, type Workshop } from "./support.ts";

/** What a kill waits for, before a short random delay. */
export type Moment =
  /** nothing: the program is loading, or the engine compiling */
  | "start"
  /** a line of metrics of about the planned step */
  | "step"
  /** the first file of a checkpoint, at or after the planned step */
  | "checkpoint";

export interface Kill {
  readonly moment: Moment;
  /** step of the last line of metrics, and of the newest checkpoint */
  readonly step: number;
  readonly saved: number;
  /** whether the session killed had trained: written lines of metrics of its own */
  readonly midRun: boolean;
  /** whether a checkpoint was left half-written */
  readonly halfWritten: boolean;
}

export interface KillPlan {
  readonly seed: number;
  readonly moments: readonly Moment[];
  /** steps of the whole run */
  readonly steps: number;
}

/**
 * Trains to the end with a kill -9 for each planned moment on the way.
 * @param first command line that starts the run of this id
 */
export async function trainWithKills(
  shop: Workshop,
  id: string,
  first: readonly string[],
  plan: KillPlan,
): Promise<Kill[]> {
  const runDir = shop.run(id);
  const random = new RandomStream({ seed: plan.seed, stage: "pretrain", stream: "order", step: 0, item: 0 });
  const kills: Kill[] = [];
  for (const [number, moment] of plan.moments.entries()) {
    const from = newestStep(runDir);
    const linesBefore = stepLines(runDir).length;
    const planned = Math.floor(((number + random.uniform()) * (plan.steps - 2)) / plan.moments.length) + 1;
    const { child, ended } = shop.start(existsSync(runDir) ? ["resume", id] : first);
    const over = ended.then(() => "over" as const);
    const kill = new AbortController();
    const reached = reach(runDir, moment, Math.max(planned, from + 1), kill.signal);
    if ((await Promise.race([reached, over])) !== "over") {
      await sleep(random.uniform() * (moment === "start" ? 600 : 8));
      child.kill("SIGKILL");
    }
    kill.abort();
    const { signal, exitCode, err } = await ended;
    if (signal !== "SIGKILL" && exitCode !== 0) throw new Error(`session ${number} ended with ${exitCode}:\n${err}`);
    if (signal !== "SIGKILL") continue;
    kills.push({
      moment,
      step: stepLines(runDir).at(-1) ?? 0,
      saved: newestStep(runDir),
      midRun: stepLines(runDir).length > linesBefore && statusOf(runDir).state === "running",
      halfWritten: checkpointNames(runDir).some((name) => name.startsWith(".")),
    });
  }
  await shop.succeed(...(existsSync(runDir) ? ["resume", id] : first));
  return kills;
}

/** Resolves at the moment, before its random delay; never after an abort. */
async function reach(runDir: string, moment: Moment, step: number, signal: AbortSignal): Promise<void> {
  if (moment === "start") return;
  // Lines of the session before may be of later steps: its own lines are those after the last resume line.
  while (!signal.aborted && (stepLines(runDir, true).at(-1) ?? 0) < step) await sleep(1);
  if (moment === "step" || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const watcher = watch(join(runDir, "checkpoints"), { signal }, (_, name) => {
      if (name?.startsWith(".")) resolve();
    });
    watcher.on("error", () => {});
  });
}

const checkpointNames = (runDir: string): string[] =>
  existsSync(runDir) ? readdirSync(join(runDir, "checkpoints")) : [];

/** Step of the newest whole checkpoint; 0 for none. */
const newestStep = (runDir: string): number => listCheckpoints(runDir).whole.at(-1)?.step ?? 0;

/** Steps of the lines of metrics, as they stand in the file; with `newest` those of the newest session only. */
function stepLines(runDir: string, newest = false): number[] {
  const file = join(runDir, "metrics.jsonl");
  if (!existsSync(file)) return [];
  let steps: number[] = [];
  for (const text of readFileSync(file, "utf8").split("\n")) {
    const line = parseMetricsLine(text);
    if (typeof line === "string") continue;
    if (line.type === "step") steps.push(line.step);
    else if (newest) steps = [];
  }
  return steps;
}
