/** What lint cannot know from an experiment's text alone: the machine, the images, the checkpoint. */
import { dirname, join } from "node:path";
import { readExperiment } from "../../core/experiment/read.ts";
import type { CheckpointFacts, LintFacts } from "../../core/lint/facts.ts";
import { resolvePath } from "../homePath.ts";
import { usableCores, usableMemory } from "../machine.ts";
import { experimentBehind } from "../run/experimentOfRun.ts";
import { autoTakesTorch } from "../torch/keptTorch.ts";
import { type Surroundings, thisSurroundings } from "../userFolder.ts";
import { checkpointFacts } from "./checkpointFacts.ts";
import { datasetFacts } from "./datasetFacts.ts";
import { factSources } from "./factSources.ts";

/** Memory and cores of this machine that a process may use, and whether `auto` takes PyTorch here. */
export function machineFacts(
  at: Surroundings = thisSurroundings(),
): Required<Pick<LintFacts, "memoryBytes" | "cores" | "autoTakesTorch">> {
  return { memoryBytes: usableMemory(), cores: usableCores(), autoTakesTorch: autoTakesTorch(at) };
}

/**
 * @param dataPath data.path as written; null: not known
 * @param ignore data.ignore of the experiment
 * @param folder of the experiment file
 */
export async function imageFacts(
  dataPath: string | null,
  ignore: readonly string[],
  folder: string,
): Promise<Pick<LintFacts, "dataset">> {
  return dataPath === null ? {} : { dataset: await datasetFacts(resolvePath(folder, dataPath), ignore) };
}

/**
 * @param from finetune.from as written
 * @param folder absolute path of the experiment file's folder
 * @param runsDir folder in which the id of a run is looked for, here and beside the file
 */
export function namedCheckpoint(from: string, folder: string, runsDir: string): Promise<CheckpointFacts | null> {
  return checkpointFacts(from, folder, [runsDir, join(folder, runsDir)]);
}

/**
 * @param file path of the experiment file, which relative paths in it start from
 * @param text its text, which may have errors
 * @param runsDir folder in which the id of a run is looked for
 */
export async function experimentFacts(file: string, text: string, runsDir: string): Promise<LintFacts> {
  const folder = dirname(await experimentBehind(file));
  const { dataPath, ignore, from } = factSources(readExperiment(text));
  const [images, checkpoint] = await Promise.all([
    imageFacts(dataPath, ignore, folder),
    from === null ? null : namedCheckpoint(from, folder, runsDir),
  ]);
  return {
    ...machineFacts(),
    ...images,
    ...(checkpoint === null ? {} : { checkpoint }),
  };
}
