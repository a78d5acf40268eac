/** Opens the images of an experiment with the labels that its model is trained with. */
import { classNotes, refusedClasses } from "../../core/classes/classText.ts";
import { hasClasses, type KnownClasses, numberClasses } from "../../core/classes/numberClasses.ts";
import { UserError } from "../../core/errors.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { type Dataset, type DatasetOptions, openDataset } from "./dataset.ts";

export interface ExperimentImages {
  readonly dataset: Dataset;
  /** names by number; null: the model has no classes */
  readonly classes: readonly string[] | null;
  /** which class has which number, and why, for people; empty without classes */
  readonly classNotes: readonly string[];
}

/**
 * @param baseDir folder of the experiment file
 * @param known classes that the weights know; null: new weights, or classes that are numbered anew
 * @throws UserError as openDataset does, and, before anything is decoded, where the folders do not make the model's classes
 */
export async function openExperimentImages(
  experiment: Experiment,
  baseDir: string,
  known: KnownClasses | null,
  options: Pick<DatasetOptions, "onProgress" | "log">,
): Promise<ExperimentImages> {
  if (!hasClasses(experiment)) {
    return { dataset: await openDataset(experiment.data, baseDir, options), classes: null, classNotes: [] };
  }
  let notes: string[] = [];
  const dataset = await openDataset(experiment.data, baseDir, {
    ...options,
    numberClasses(folders) {
      const request = { folders, numClasses: experiment.model.num_classes, known };
      const numbers = numberClasses(request);
      if (!numbers.ok) throw new UserError(refusedClasses(request, numbers));
      notes = classNotes(request, numbers);
      // What new weights learn is the order of the folders, as everybody expects; else it is said at once.
      if (known !== null) for (const note of notes) options.log?.(note);
      return numbers.names;
    },
  });
  return { dataset, classes: dataset.classes, classNotes: notes };
}
