/** What lint cannot know from an experiment's text alone: the machine, the images, the checkpoint. Cheap: no image is opened. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { dirname, extname, join, resolve } from "node:path";
import { UserError } from "../../core/errors.ts";
import { readExperiment } from "../../core/experiment/read.ts";
import type { CheckpointFacts, DatasetFacts, LintFacts } from "../../core/lint/facts.ts";
import { resolveSource } from "../../node/run/resolve.ts";
import { IMAGE_EXTENSIONS } from "../data/imageFormat.ts";

/** Counting ends here; a folder of a million images would take seconds. */
const MAX_ENTRIES = 200_000;

/**
 * @param file path of the experiment file, which relative paths in it start from
 * @param text its text, which may have errors
 * @param runsDir folder in which the id of a run is looked for
 */
export function experimentFacts(file: string, text: string, runsDir: string): LintFacts {
  const { experiment, refused } = readExperiment(text);
  const folder = dirname(resolve(file));
  const path = experiment === null || refused.has("data.path") ? null : experiment.data.path;
  const from = experiment?.finetune.from ?? null;
  const checkpoint = from === null ? null : checkpointFacts(from, folder, runsDir);
  return {
    memoryBytes: totalmem(),
    cores: availableParallelism(),
    ...(path === null ? {} : { dataset: datasetFacts(resolve(folder, path)) }),
    ...(checkpoint === null ? {} : { checkpoint }),
  };
}

/** @param root absolute path of the data folder */
export function datasetFacts(root: string): DatasetFacts {
  if (!isFolder(root)) return { exists: false };
  const classes = new Set<string>();
  let images = 0;
  let entries = 0;
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const found = entriesOf(join(root, folder));
    // What lies in a folder that cannot be read, or beyond the limit, is not known.
    if (found === null) return { exists: true };
    entries += found.length;
    if (entries > MAX_ENTRIES) return { exists: true };
    const names = new Set(found.map((entry) => entry.name));
    // Sample pictures in run folders are no data.
    if (names.has("run.json") && names.has("status.json")) continue;
    for (const entry of found) {
      if (entry.name.startsWith(".")) continue;
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const isLinked = entry.isSymbolicLink();
      // Where a link leads is for the data set to find out.
      if (isLinked && isFolder(join(root, path))) return { exists: true };
      if (entry.isDirectory()) folders.push(path);
      else if (IMAGE_EXTENSIONS.has(extname(entry.name).toLowerCase())) {
        images++;
        if (path.includes("/")) classes.add(path.slice(0, path.indexOf("/")));
      } else if (extname(entry.name) === "") {
        // Images may come without an extension; only their first bytes tell.
        return { exists: true };
      }
    }
  }
  return { exists: true, images, classes: classes.size };
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return null;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** The experiment behind the weights that finetune.from names; null where there is nothing there yet, or it does not say. */
function checkpointFacts(from: string, folder: string, runsDir: string): CheckpointFacts | null {
  const local = resolve(folder, from);
  try {
    const { experimentFile } = resolveSource(existsSync(local) ? local : from, [runsDir, join(folder, runsDir)]);
    if (experimentFile === undefined) return null;
    const { experiment, refused } = readExperiment(readFileSync(experimentFile, "utf8"));
    if (experiment === null || refused.size > 0) return null;
    const { data, model, diffusion } = experiment;
    return { name: from, data: { image_size: data.image_size, channels: data.channels }, model, diffusion };
  } catch (error) {
    if (error instanceof UserError || (error as NodeJS.ErrnoException).code !== undefined) return null;
    throw error;
  }
}
