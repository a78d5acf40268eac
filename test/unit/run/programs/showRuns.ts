/**
 * Shows the runs of a folder as explorer, dashboard and command line do, one after the other. Prints, as lines of JSON, {"at": id} before
 * each run and {"shown": Shown} after it; {"listed": [[id, state] …]} for the list of all of them, at the beginning.
 */
import { performance } from "node:perf_hooks";
import type { LinesEvent } from "../../../../src/core/protocol/dashboard.ts";
import { RunColumns } from "../../../../src/core/series/columns.ts";
import { chartCsv } from "../../../../src/core/series/csv.ts";
import { Line } from "../../../../src/core/series/line.ts";
import { lossChartSvg } from "../../../../src/core/series/lossChart.ts";
import { automaticYRange } from "../../../../src/core/series/yRange.ts";
import { ChartFeed } from "../../../../src/extension/dashboard/chartFeed.ts";
import { readConfig } from "../../../../src/extension/dashboard/runConfig.ts";
import { runInfos } from "../../../../src/extension/dashboard/runInfo.ts";
import { buildTree, contextWords, outline, walk } from "../../../../src/extension/runs/runTree.ts";
import { listCheckpoints } from "../../../../src/node/run/checkpoints.ts";
import { listRuns } from "../../../../src/node/run/list.ts";
import { readRunMetrics } from "../../../../src/node/run/metrics.ts";
import { MetricsFollower } from "../../../../src/node/run/metricsFollower.ts";
import { RunsFollower } from "../../../../src/node/run/runsFollower.ts";
import { listSamples } from "../../../../src/node/run/sampleFiles.ts";
import { runsTable } from "../../../../src/trainer/cli/runs.ts";

export interface Shown {
  readonly id: string;
  readonly state: string;
  readonly label: string;
  readonly reason: string | null;
  /** points of the loss that the page has */
  readonly points: number;
  readonly ascends: boolean;
  readonly samples: number | null;
  readonly hasConfig: boolean;
  readonly milliseconds: number;
}

const [runsDir = ""] = process.argv.slice(2);
const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const failures: string[] = [];
const follower = new RunsFollower({
  changed: () => undefined,
  waiting: () => undefined,
  failed: (error) => failures.push(String(error instanceof Error ? error.stack : error)),
});
await follower.follow([runsDir]);
await follower.look(true);
const { entries } = follower;
const summaries = listRuns(runsDir);
runsTable(summaries);
const tree = buildTree(entries, [], { filter: { text: "", archived: true }, sort: "newest" });
outline(tree);
for (const [node] of walk(tree)) if (node.kind === "run") contextWords(node.entry);
print({
  listed: entries.map(({ id, state }) => [id, state]),
  summarised: summaries.map(({ id, state }) => [id, state]),
  failures,
});

for (const entry of entries) {
  const { dir, id } = entry;
  print({ at: id });
  const began = performance.now();
  const columns = new RunColumns(Date.now());
  const line = new Line();
  const feed = new ChartFeed((event: LinesEvent) => {
    let at = 0;
    for (const { from, count, kind, chart } of event.parts) {
      if (chart === "loss" && kind === "raw")
        line.replaceFrom(from ?? -Infinity, event.xs.subarray(at, at + count), event.ys.subarray(at, at + count));
      at += count;
    }
  });
  feed.add(dir, 0, columns);
  await new Promise<void>((resolve) => {
    const follower = new MetricsFollower(dir, {
      lines(parts, reset) {
        if (reset) columns.clear();
        feed.changed(dir, columns.addPacked(parts));
      },
      failed: () => undefined,
      looked: () => {
        follower.dispose();
        resolve();
      },
    });
  });
  await feed.setView({
    ...{ charts: ["loss", "lr", "memory"], x: "images", logX: false, range: null },
    ...{ pixels: 300, tau: 20, raw: true, hidden: [] },
  });
  feed.dispose();
  for (const logarithmic of [false, true]) {
    automaticYRange([{ line, opacity: 1 }], [0, 1e30], { logarithmic, fromZero: false, ignoreOutliers: true });
  }
  for (const _ of chartCsv([{ id, label: entry.label, columns }], ["loss"], "step", null));
  const config = readConfig(dir);
  const [info] = runInfos([{ dir, slot: 0, config }], () => entry);
  listCheckpoints(dir);
  lossChartSvg([{ label: entry.label, metrics: orNull(() => readRunMetrics(dir)) ?? [] }]);
  const shown: Shown = {
    id,
    state: entry.state,
    label: info!.label,
    reason: entry.reason ?? null,
    points: line.length,
    ascends: line.xs.subarray(0, line.length).every((x, i) => i === 0 || x >= line.xs[i - 1]!),
    samples: (await listSamples(dir).catch(systemError))?.length ?? null,
    hasConfig: config !== null,
    milliseconds: performance.now() - began,
  };
  print({ shown });
}
follower.dispose();

/** Files that the system does not give are told to the user; anything else is a mistake of ours. */
function systemError(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  return null;
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    return systemError(error);
  }
}
