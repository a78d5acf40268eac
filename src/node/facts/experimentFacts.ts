/** What lint cannot know from an experiment's text alone: the machine, the images, the checkpoint. */
import { availableParallelism, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import { readExperiment } from "../../core/experiment/read.ts";
import type { LintFacts } from "../../core/lint/facts.ts";
import { experimentBehind } from "../run/experimentOfRun.ts";
import { checkpointFacts } from "./checkpointFacts.ts";
import { datasetFacts } from "./datasetFacts.ts";
import { factSources } from "./factSources.ts";

/** Memory and cores of this machine. */
export function machineFacts(): Required<Pick<LintFacts, "memoryBytes" | "cores">> {
  return { memoryBytes: totalmem(), cores: availableParallelism() };
}

/**
 * @param file path of the experiment file, which relative paths in it start from
 * @param text its text, which may have errors
 * @param runsDir folder in which the id of a run is looked for
 */
export async function experimentFacts(file: string, text: string, runsDir: string): Promise<LintFacts> {
  const folder = dirname(await experimentBehind(file));
  const { dataPath, from } = factSources(readExperiment(text));
  const [dataset, checkpoint] = await Promise.all([
    dataPath === null ? null : datasetFacts(resolve(folder, dataPath)),
    from === null ? null : checkpointFacts(from, folder, [runsDir, join(folder, runsDir)]),
  ]);
  return {
    ...machineFacts(),
    ...(dataset === null ? {} : { dataset }),
    ...(checkpoint === null ? {} : { checkpoint }),
  };
}
