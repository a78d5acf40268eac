/** The classes that a finetune starts from. */
import type { Experiment } from "../experiment/schema.ts";
import type { CheckpointFacts } from "../lint/facts.ts";
import type { KnownClasses } from "./numberClasses.ts";

/** @returns null: it starts from new weights, or numbers the classes anew */
export function knownClasses(
  { finetune }: Pick<Experiment, "finetune">,
  checkpoint: CheckpointFacts | undefined,
): KnownClasses | null {
  if (checkpoint === undefined || finetune.classes === "new") return null;
  const of = checkpoint.name ?? "the checkpoint";
  return { of, names: checkpoint.classes ?? null, use: "finetune" };
}
