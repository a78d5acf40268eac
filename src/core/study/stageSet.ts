/** What a study sets for single stages: reading it, and what is wrong with single keys of it. */
import type { Diagnostic } from "../experiment/diagnostic.ts";
import type { ExperimentDocument } from "../experiment/document.ts";
import { keyProblems } from "../experiment/itemProblems.ts";
import { experimentKeys, isValidFor } from "../experiment/keys.ts";
import { isMapping, type PlainMapping } from "../experiment/yamlReader.ts";
import { yamlText } from "../experiment/yamlText.ts";
import { STAGE_NAMES, type Stage } from "../random/streams.ts";
import type { StudyConfig } from "./schema.ts";
import { unknownKey } from "./unknownKey.ts";

/** A key that a stage has its own value of. */
export interface StageSetting {
  readonly stage: Stage;
  /** dotted key of the experiment */
  readonly key: string;
  readonly value: unknown;
}

/** In the order of the stages and the file. */
export const stageSettings = ({ set }: Pick<StudyConfig, "set">): StageSetting[] =>
  STAGE_NAMES.flatMap((stage) => Object.entries(set[stage]).map(([key, value]) => ({ stage, key, value })));

/** "data.path images/smileys", as charts and tables write points */
export const settingText = ({ key, value }: StageSetting): string => `${key} ${yamlText(value)}`;

/** Where it stands in the file. */
export const settingPlace = ({ stage, key }: Pick<StageSetting, "stage" | "key">): readonly string[] => [
  "set",
  stage,
  key,
];

/** Takes settings that cannot be used out of the file's values, and says why. */
export function siftSet({ set }: PlainMapping, document: ExperimentDocument): Diagnostic[] {
  if (!isMapping(set)) return [];
  return STAGE_NAMES.flatMap((stage) => {
    const own = set[stage];
    if (!isMapping(own)) return [];
    const usable: PlainMapping = {};
    set[stage] = usable;
    return Object.entries(own).flatMap(([key, value]) => {
      if (value === undefined) return [];
      const problems = problemsOf({ stage, key, value }, document);
      if (problems.length === 0) usable[key] = value;
      return problems;
    });
  });
}

function problemsOf({ stage, key, value }: StageSetting, document: ExperimentDocument): Diagnostic[] {
  const { keys, sections } = experimentKeys();
  const at = settingPlace({ stage, key });
  const range = document.keyRange(at) ?? document.start();
  const section = sections.get(key);
  if (section !== undefined) {
    const message = `${key} is a section of the experiment: name the key, such as ${section.keys[0]!.path}: ….`;
    return [{ ...range, severity: "error", code: "MDM902", message }];
  }
  if (key === "seed") {
    const message =
      "seed is not set for a stage: seeds repeat every configuration. Name them, or how many, under seeds.";
    return [{ ...range, severity: "error", code: "MDM907", message }];
  }
  const spec = keys.get(key);
  if (spec === undefined) return [unknownKey(document, key, at)];
  return isValidFor(spec, value) ? [] : keyProblems(spec, value, document.as(spec.path, at));
}
