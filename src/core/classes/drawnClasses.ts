/** The classes that sample.classes has drawn. */
import type { Experiment, SampleConfig } from "../experiment/schema.ts";
import { chosenClass } from "./chosenClass.ts";

type Drawing = Pick<Experiment, "model" | "sample">;

/** As they are asked for; undefined: all are drawn, or the model has none. */
export const askedClasses = ({ model, sample }: Drawing): NonNullable<SampleConfig["classes"]> | undefined =>
  model.num_classes === 0 ? undefined : (sample.classes ?? undefined);

/**
 * @param names of the classes by number; null: not recorded
 * @returns their numbers, each once; null: all are drawn, or the model has none
 * @throws UserError for one that the model does not have
 */
export function drawnClasses(experiment: Drawing, names: readonly string[] | null): readonly number[] | null {
  const asked = askedClasses(experiment);
  if (asked === undefined) return null;
  return [...new Set(asked.map((text) => chosenClass(experiment, names, String(text), "sample.classes")))];
}
