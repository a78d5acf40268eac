/** Lint of a study file: what YAML and the schema refuse, and what is legal but will not do what is meant. */
import { compareDiagnostics, type Diagnostic } from "../experiment/diagnostic.ts";
import { readExperiment } from "../experiment/read.ts";
import { applyRules, withoutRefused } from "../lint/applyRules.ts";
import { countedDigest } from "./countedDigest.ts";
import { configurationCount, planStudy, type StudyPlan } from "./plan.ts";
import { readStudy, type StudyReading } from "./read.ts";
import { isFatal } from "./rules/cells.ts";
import { FACT_RULES } from "./rules.ts";
import { StudyContext, type StudyLintFacts } from "./studyRule.ts";

export interface LintedStudy {
  /** in reading order */
  readonly diagnostics: readonly Diagnostic[];
  /** null where the study or its base has errors that leave nothing to plan, or there is too much of it */
  readonly plan: StudyPlan | null;
}

/** Everything that can be said about the text. Pure, and never throws. */
export const lintStudy = (text: string, facts: StudyLintFacts = {}): Diagnostic[] => [
  ...lintStudyReading(readStudy(text), facts).diagnostics,
];

/**
 * The same for a text that was read already.
 * @param facts what only the caller can know; rules that need a missing one keep silent
 * @param most configurations that are planned; where there are more, what they come to is not looked at (some 5 ms each)
 */
export function lintStudyReading(
  reading: StudyReading,
  facts: StudyLintFacts = {},
  most = Number.POSITIVE_INFINITY,
): LintedStudy {
  const { document, diagnostics, partial, study, refused } = reading;
  if (partial === null) return { diagnostics, plan: null };
  const text = facts.base !== undefined && "text" in facts.base ? facts.base.text : null;
  const base = text === null ? null : readExperiment(text);
  const isUsable = base !== null && base.experiment !== null && !base.diagnostics.some(isFatal);
  const plan =
    study !== null && isUsable && configurationCount(study) <= most
      ? planStudy(study, { baseText: text!, baseName: "base", digest: countedDigest() })
      : null;
  const context = new StudyContext(withoutRefused(partial, refused), document, facts, base, plan);
  const found = applyRules(FACT_RULES, context);
  return { diagnostics: [...diagnostics, ...found].sort(compareDiagnostics), plan };
}
