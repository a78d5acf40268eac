/** Rules about what is set for single stages. */
import { isReadBy } from "../../experiment/changeOnResume.ts";
import { keysOf } from "../axes.ts";
import type { StudyConfig } from "../schema.ts";
import { type StageSetting, settingPlace, stageSettings } from "../stageSet.ts";
import type { StudyRule } from "../studyRule.ts";
import { decidedByStudy } from "../withoutEffect.ts";

/** Those that no study can do without; they ask for the text alone. */
export const SET_TEXT_RULES: readonly StudyRule[] = [
  {
    code: "MDM921",
    name: "set-key-varies",
    severity: "error",
    explanation:
      "`set` gives a stage a value of a key that varies along an axis: a configuration would have two values of it.",
    fix: "Takes it out of `set`.",
    *check({ study, axes }) {
      for (const setting of stageSettings(study)) {
        const axis = axes.find((other) => keysOf(other).includes(setting.key));
        if (axis === undefined) continue;
        const at = settingPlace(setting);
        yield {
          at: [at],
          message: `${setting.key} varies along ${axis.name}; set for ${setting.stage} it would have two values.`,
          fix: { title: `Remove ${setting.key}`, remove: [at] },
        };
      }
    },
  },
];

export const SET_RULES: readonly StudyRule[] = [
  {
    code: "MDM922",
    name: "set-without-effect",
    severity: "warning",
    explanation:
      "`set` gives a stage a value of a key that decides nothing there: the study has no such stage, or the stage does not read the key; the budget decides the steps; finetuning starts from the study's own pretraining; or images are drawn from another stage.",
    fix: "Takes it out of `set`.",
    *check({ study }) {
      for (const setting of stageSettings(study)) {
        const why = idleBecause(setting, study);
        if (why === null) continue;
        const at = settingPlace(setting);
        yield {
          at: [at],
          message: `${setting.key} has no effect for ${setting.stage}: ${why}.`,
          fix: { title: `Remove ${setting.key}`, remove: [at] },
        };
      }
    },
  },
];

/** Why it decides nothing; null: it does. */
function idleBecause({ stage, key }: StageSetting, study: StudyConfig): string | null {
  const { stages } = study;
  if (!stages.includes(stage)) return `the study has no stage ${stage}`;
  if (!isReadBy(stage, key)) return `${stage} does not read it`;
  const isFirst = stage === "pretrain" && stages.includes("finetune");
  if (isFirst && key.startsWith("sample.")) return "images are drawn from finetune";
  return decidedByStudy(key, study);
}
