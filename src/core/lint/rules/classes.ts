/** Folders that are not the classes which weights know. */
import { refusedClasses } from "../../classes/classText.ts";
import { knownClasses } from "../../classes/knownClasses.ts";
import { hasClasses, numberClasses } from "../../classes/numberClasses.ts";
import type { Rule } from "../rule.ts";

const classNumbers: Rule = {
  code: "MDM118",
  name: "class-numbers",
  severity: "error",
  explanation:
    "Folders that are none of the classes of what finetuning starts from, and more of them than the model has free numbers: they would take the numbers, and what was learned, of other classes.",
  fix: "Writes `classes: new`, which numbers the classes anew.",
  *check({ experiment, facts }) {
    const folders = facts.dataset?.classNames;
    const known = knownClasses(experiment, facts.checkpoint);
    if (facts.stage === "pretrain" || folders === undefined || known?.names == null || !hasClasses(experiment)) return;
    const request = { folders, numClasses: experiment.model.num_classes, known };
    const numbers = numberClasses(request);
    if (numbers.ok) return;
    yield {
      at: ["finetune.from", "data.path"],
      message: refusedClasses(request, numbers),
      ...(folders.length <= request.numClasses
        ? { fix: { title: "Use classes: new", set: { "finetune.classes": "new" } } }
        : {}),
    };
  },
};

export const CLASS_RULES: readonly Rule[] = [classNumbers];
