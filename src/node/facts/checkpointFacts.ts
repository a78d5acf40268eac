/** What lint wants to know of the weights that finetuning starts from. */
import { join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { readExperiment } from "../../core/experiment/read.ts";
import type { CheckpointFacts } from "../../core/lint/facts.ts";
import { exists } from "../exists.ts";
import { resolvePath } from "../homePath.ts";
import { readText } from "../run/readText.ts";
import { resolveSource } from "../run/resolve.ts";

/**
 * The experiment behind the weights that finetune.from names; null where there is nothing there yet, or it does not say.
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
    const local = resolvePath(folder, from);
    const isLocal = await exists(local);
    // Listing all runs to say which there are is for commands; here a missing one is none.
    if (!isLocal && !(await Promise.all(runsDirs.map((dir) => exists(join(dir, from))))).includes(true)) return null;
    const { experimentFile } = resolveSource(isLocal ? local : from, runsDirs);
    if (experimentFile === undefined) return null;
    const { experiment, refused } = readExperiment(readText(experimentFile));
    if (experiment === null || refused.size > 0) return null;
    const { data, model, diffusion } = experiment;
    return { name: from, data: { image_size: data.image_size, channels: data.channels }, model, diffusion };
  } catch (error) {
    if (error instanceof UserError || (error as NodeJS.ErrnoException).code !== undefined) return null;
    throw error;
  }
}
