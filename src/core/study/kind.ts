/** What sets a study file apart, and its keys. */
import type { FileKind } from "../experiment/fileKind.ts";
import type { JsonSchema } from "../experiment/jsonSchema.ts";
import { experimentKeys, type KeySpec, type KeyTable, keyTable } from "../experiment/keys.ts";
import { type StudyConfig, studySchema } from "./schema.ts";

const STUDY_KIND: FileKind<StudyConfig> = {
  noun: "study",
  madeOf: (names) => `keys (${names})`,
  schema: studySchema,
  required: {
    base: {
      standIn: ".",
      example: "NAME.maskdm.yaml",
      missing:
        "it names the experiment file that the study varies, for example base: faces.maskdm.yaml. It is the only key without a default.",
    },
    "halving.rungs": {
      standIn: [0.5],
      example: "[0.25, 0.5]",
      missing: "it says at which shares of the last stage configurations are compared, for example rungs: [0.25, 0.5].",
    },
  },
  smallest: {
    text: "base: NAME.maskdm.yaml\n",
    hint: "names an experiment file: base: NAME.maskdm.yaml.",
  },
  elsewhere: (name) => {
    const { keys, sections } = experimentKeys();
    const example = sections.get(name)?.keys[0]?.path ?? (keys.has(name) ? name : undefined);
    return example === undefined
      ? null
      : `: it belongs to the experiment. What varies stands below axes: with a dot and a list, such as ${example}: […].`;
  },
};

let cached: KeyTable<StudyConfig> | null = null;

/** Those of the study file. */
export function studyKeys(): KeyTable<StudyConfig> {
  cached ??= keyTable(STUDY_KIND);
  return cached;
}

/** Keys of the budget, dotted. */
export const budgetKeyNames = (): string[] =>
  studyKeys()
    .sections.get("budget")!
    .keys.map(({ path }) => path);

/** The key that an axis may vary: one of the experiment, or of the budget; null: there is none of this name. */
export const axisKey = (path: string): KeySpec | null =>
  experimentKeys().keys.get(path) ?? (budgetKeyNames().includes(path) ? studyKeys().keys.get(path)! : null);

/** Dotted names of all keys that may vary, seeds left out. */
export const axisKeyNames = (): string[] => [
  ...[...experimentKeys().keys.keys()].filter((path) => path !== "seed"),
  ...budgetKeyNames(),
];

/** What a range consists of. */
export function rangeKeys(): Readonly<Record<string, JsonSchema>> {
  const { additionalProperties } = studyKeys().keys.get("axes")!.schema;
  const options = typeof additionalProperties === "object" ? (additionalProperties.anyOf ?? []) : [];
  return options.find(({ properties }) => properties !== undefined)?.properties ?? {};
}
