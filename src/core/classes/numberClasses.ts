/** Which number each class has: the one that was recorded for its name, else that of its folder's place. */
import { compareBytes } from "../compareBytes.ts";
import { compareClassNames } from "./classOrder.ts";

/** What weights have learned about classes. */
export type KnownClasses = FinetunedClasses | ResumedClasses;

/** Training goes on with the weights in another run. */
interface FinetunedClasses extends NamedClasses {
  readonly use: "finetune";
}

/** Training goes on with them in the same run. */
interface ResumedClasses extends NamedClasses {
  readonly use: "resume";
  /** the command that teaches them other classes in a run of its own */
  readonly otherClasses: string;
}

interface NamedClasses {
  /** whose they are, for people: a run's id, or a checkpoint as it was named */
  readonly of: string;
  /** names by number; null: not recorded */
  readonly names: readonly string[] | null;
}

export interface ClassRequest {
  /** first-level folders that hold images, each once, in any order */
  readonly folders: readonly string[];
  /** model.num_classes */
  readonly numClasses: number;
  /** null: new weights, or classes that are to be numbered anew */
  readonly known: KnownClasses | null;
}

/** A class whose number is in question. */
export interface ClassMove {
  readonly name: string;
  /** number recorded; null: not among the recorded names */
  readonly before: number | null;
  /** number by the order of the folders; null: there is no folder */
  readonly now: number | null;
}

export type ClassNumbers =
  | {
      readonly ok: true;
      /** names by number; those that are recorded stay, also without a folder */
      readonly names: readonly string[];
      /** recorded classes that have no folder */
      readonly missing: readonly string[];
      /** classes that were not recorded */
      readonly added: readonly string[];
      /** whether the order of the folders alone would give one of them another number */
      readonly isShifted: boolean;
    }
  | {
      readonly ok: false;
      /** full: more classes than the model has; renamed: in a run that goes on, folders went and others came */
      readonly why: "full" | "renamed";
      readonly added: readonly string[];
      readonly missing: readonly string[];
      /** every class, by number, the new ones last */
      readonly moves: readonly ClassMove[];
    };

/**
 * A name that is recorded keeps its number whatever other folders come, go or sort before it. A new name takes the lowest number
 * that has no name. Without recorded names, weights are taken to be numbered by the bytes of the names, as image folders
 * commonly are and as this program did before it recorded them.
 */
export function numberClasses({ folders, numClasses, known }: ClassRequest): ClassNumbers {
  const ordered = [...folders].sort(known !== null && known.names === null ? compareBytes : compareClassNames);
  const recorded = known?.names ?? [];
  const isRecorded = new Set(recorded);
  const isThere = new Set(folders);
  const added = ordered.filter((name) => !isRecorded.has(name));
  const missing = recorded.filter((name) => !isThere.has(name));
  const names = [...recorded, ...added];
  const isFull = added.length > 0 && names.length > numClasses;
  const isRenamed = known?.use === "resume" && added.length > 0 && missing.length > 0;
  const place = new Map(ordered.map((name, now) => [name, now]));
  if (!isFull && !isRenamed) {
    const isShifted = recorded.some((name, before) => isThere.has(name) && place.get(name) !== before);
    return { ok: true, names, missing, added, isShifted };
  }
  const moves = names.map((name, number) => ({
    name,
    before: number < recorded.length ? number : null,
    now: place.get(name) ?? null,
  }));
  return { ok: false, why: isRenamed ? "renamed" : "full", added, missing, moves };
}

/** Whether the classes of an experiment's images mean something to its model. */
export function hasClasses(experiment: {
  readonly data: { readonly labels: string };
  readonly model: { readonly num_classes: number };
}): boolean {
  return experiment.data.labels === "folders" && experiment.model.num_classes > 0;
}
