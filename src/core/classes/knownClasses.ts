/** The classes that a finetune starts from. */
import type { Experiment } from "../experiment/schema.ts";
import type { KnownClasses } from "./numberClasses.ts";

/** What finetuning starts from. */
interface Start {
  /** how the user named it */
  readonly name?: string;
  /** names of its classes by number, where they are recorded */
  readonly classes?: readonly string[];
}

/** @returns null: it starts from new weights, or numbers the classes anew */
export function knownClasses(
  { finetune }: Pick<Experiment, "finetune">,
  checkpoint: Start | undefined,
): KnownClasses | null {
  if (checkpoint === undefined || finetune.classes === "new") return null;
  const of = checkpoint.name ?? "the checkpoint";
  return { of, names: checkpoint.classes ?? null, use: "finetune" };
}
