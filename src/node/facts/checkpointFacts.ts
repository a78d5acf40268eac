/** What lint wants to know of the weights that finetuning starts from. */
import { isAbsolute, join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { readExperiment } from "../../core/experiment/read.ts";
import { type CheckpointFacts, networkMask } from "../../core/lint/facts.ts";
import { exists } from "../exists.ts";
import { readText } from "../run/readText.ts";
import { namedInFile, resolveSource, type Source } from "../run/resolve.ts";

/**
 * What is known of the weights that finetune.from names, and of the experiment behind them; null where there is nothing there yet.
 * @param from as written: a run, its id, or a checkpoint
 * @param folder absolute path of the experiment file's folder, at which relative paths start
 * @param runsDirs folders in which run ids are looked for
 */
export async function checkpointFacts(
  from: string,
  folder: string,
  runsDirs: readonly string[],
): Promise<CheckpointFacts | null> {
  try {
    const named = namedInFile(from, folder);
    const dirs = [...runsDirs, folder];
    // Listing all runs to say which there are is for commands; here a missing one is none.
    const places = isAbsolute(named) ? [named] : dirs.map((dir) => join(dir, named));
    if (!(await Promise.all(places.map(exists))).includes(true)) return null;
    return factsOfSource(resolveSource(named, dirs), from);
  } catch (error) {
    if (error instanceof UserError || (error as NodeJS.ErrnoException).code !== undefined) return null;
    throw error;
  }
}

/**
 * The same of weights that were found.
 * @param name of them, as the user knows them
 * @throws UserError or a system's error where the experiment behind them cannot be read
 */
export function factsOfSource({ experimentFile, classes }: Source, name: string): CheckpointFacts {
  const known = { name, ...(classes === null ? {} : { classes }) };
  if (experimentFile === undefined) return known;
  const { experiment, refused } = readExperiment(readText(experimentFile));
  if (experiment === null || refused.size > 0) return known;
  const { data, model, mask, diffusion } = experiment;
  const { image_size, channels } = data;
  return { ...known, data: { image_size, channels }, model, mask: networkMask(mask), diffusion };
}
