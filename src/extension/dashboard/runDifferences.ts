/** What sets runs of the same experiment apart, for lists to choose from. */
import { runDifferences } from "../../core/series/flatConfig.ts";
import type { RunEntry } from "../services.ts";
import { Slice } from "./chartFeed.ts";
import { configOf } from "./runConfig.ts";

/** The experiments of so many runs are read; a longer list does without what differs in the older ones. */
const MOST_READ = 400;

/**
 * @param runs the first ones matter most
 * @returns by folder, where something differs
 */
export async function differencesOf(runs: readonly RunEntry[]): Promise<ReadonlyMap<string, string>> {
  const byExperiment = new Map<string | null, RunEntry[]>();
  for (const run of runs.slice(0, MOST_READ)) {
    const others = byExperiment.get(run.experimentFile);
    if (others === undefined) byExperiment.set(run.experimentFile, [run]);
    else others.push(run);
  }
  const found = new Map<string, string>();
  const slice = new Slice();
  for (const group of byExperiment.values()) {
    const compared = [];
    for (const run of group) {
      compared.push({ id: run.id, name: null, stage: run.stage, config: run.record === null ? null : configOf(run) });
      await slice.over();
    }
    for (const [i, difference] of runDifferences(compared).entries()) {
      if (difference !== null) found.set(group[i]!.dir, difference);
    }
  }
  return found;
}
