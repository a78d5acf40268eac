/** The classes of the images as training numbers them: those of a finetune as in what it starts from. */
import { numberedClass } from "../../src/core/classes/classText.ts";
import { knownClasses } from "../../src/core/classes/knownClasses.ts";
import { hasClasses, numberClasses } from "../../src/core/classes/numberClasses.ts";
import type { Experiment } from "../../src/core/experiment/schema.ts";
import type { LintFacts } from "../../src/core/lint/facts.ts";
import type { DataState } from "../../src/core/protocol/designer.ts";
import type { Stage } from "../../src/core/random/streams.ts";

export interface ClassLabels {
  /** folders that make classes, in the order of their numbers */
  readonly entries: readonly { readonly name: string; readonly number: number | null }[];
  /** A class as it is shown, such as `1 "cats"`; without a number where training would be refused. */
  labelOf(className: string | null): string | null;
}

/** @returns null where the model has no classes, or the images are not known */
export function classLabels(
  experiment: Experiment,
  stage: Stage,
  data: DataState,
  facts: LintFacts,
): ClassLabels | null {
  if (data.kind !== "ready" || !hasClasses(experiment)) return null;
  const folders = data.classes;
  const known = stage === "finetune" ? knownClasses(experiment, facts.checkpoint) : null;
  const numbers = numberClasses({ folders, numClasses: experiment.model.num_classes, known });
  const byName = new Map(numbers.ok ? numbers.names.map((name, number) => [name, number]) : []);
  const numberOf = (name: string): number | null => byName.get(name) ?? null;
  const entries = folders.map((name) => ({ name, number: numberOf(name) }));
  return {
    entries: entries.sort((a, b) => (a.number ?? 0) - (b.number ?? 0)),
    labelOf: (name) => (name === null ? null : numberedClass(name, numberOf(name))),
  };
}
