/** All rules about study files. */
import type { RuleText } from "../lint/rule.ts";
import { AXIS_RULES, AXIS_TEXT_RULES } from "./rules/axes.ts";
import { CELL_RULES } from "./rules/cells.ts";
import { SET_RULES, SET_TEXT_RULES } from "./rules/set.ts";
import { SETTING_RULES, SETTING_TEXT_RULES } from "./rules/settings.ts";
import type { StudyRule } from "./studyRule.ts";

/** Errors that the text alone shows: with one of them it is no study. */
export const TEXT_RULES: readonly StudyRule[] = [...AXIS_TEXT_RULES, ...SET_TEXT_RULES, ...SETTING_TEXT_RULES];

export const FACT_RULES: readonly StudyRule[] = [...AXIS_RULES, ...SET_RULES, ...SETTING_RULES, ...CELL_RULES];

/** What reading the axes, and what is set for stages, refuses. */
const READING: readonly RuleText[] = [
  {
    code: "MDM902",
    name: "axis-of-unknown-key",
    severity: "error",
    explanation:
      "An axis varies, or `set` gives a stage, a key that no experiment has. Keys are written with a dot, such as `mask.rate`; the message names the one that was probably meant.",
    fix: "Renames the key, where one is near.",
  },
  {
    code: "MDM903",
    name: "no-axis",
    severity: "error",
    explanation:
      "An axis is no list of values, no range {from, to, count, scale} and no list of mappings whose keys vary together; or it has no points, or more than 64. A value that its key refuses is reported as in an experiment file (MDM012 to MDM015).",
    fix: "Makes a list of a single value; renames the key of a range.",
  },
];

/** In the order of their codes. */
export const STUDY_RULES: readonly RuleText[] = [...READING, ...TEXT_RULES, ...FACT_RULES].sort((a, b) =>
  a.code < b.code ? -1 : 1,
);
