/** Keys that may vary without anything to show for it. */
import { isReadBy, ruleOf } from "../experiment/changeOnResume.ts";
import { DRAWING_KEYS } from "./identity.ts";
import type { StudyConfig } from "./schema.ts";

/** Why it decides nothing that a key varies; null: it does. */
export function withoutEffect(key: string, { stages, metric, budget }: StudyConfig): string | null {
  if (key === "budget.pretrain") {
    if (budget === undefined) return "there is no budget to share";
    return stages.length === 1 ? "the study has one stage" : null;
  }
  if (key === "seed" || key.startsWith("budget.")) return null;
  if (!stages.some((stage) => isReadBy(stage, key))) {
    const [stage] = stages;
    return `the only stage of the study, ${stage}, does not read it`;
  }
  const decided = decidedByStudy(key, { stages, budget });
  if (decided !== null) return decided;
  if (DRAWING_KEYS.some((name) => key === `sample.${name}`))
    return metric === "held_out_loss" ? "held_out_loss draws no images" : null;
  return ruleOf(key).may === "silently"
    ? "it changes how training is computed, shown or kept, not what is learned"
    : null;
}

/** What of the study decides a key, so that no value given to it counts; null: nothing does. */
export function decidedByStudy(key: string, { stages, budget }: Pick<StudyConfig, "stages" | "budget">): string | null {
  if (budget !== undefined && stages.some((stage) => key === `${stage}.steps`))
    return "the budget decides the steps, and budget.pretrain the share of each stage";
  return key === "finetune.from" && stages.includes("pretrain")
    ? "finetuning starts from the study's own pretraining"
    : null;
}
