/** Lint of an experiment file: what YAML and the schema refuse, and what is legal but will not do what is meant. */

import { compareDiagnostics, type Diagnostic } from "../experiment/diagnostic.ts";
import { type ExperimentReading, readExperiment } from "../experiment/read.ts";
import { applyRules, withoutRefused } from "./applyRules.ts";
import type { LintFacts } from "./facts.ts";
import { LintContext } from "./rule.ts";
import { RULES } from "./rules.ts";

export type { LintFacts } from "./facts.ts";

/**
 * Everything that can be said about the text, in reading order. Pure, and never throws.
 * Where some keys are refused, the semantic rules still look at the others.
 * @param facts what only the caller can know; rules that need a missing one keep silent
 */
export function lintExperiment(text: string, facts: LintFacts = {}): Diagnostic[] {
  return lintReading(readExperiment(text), facts);
}

/** The same for a text that was read already. */
export function lintReading(reading: ExperimentReading, facts: LintFacts = {}): Diagnostic[] {
  const { document, diagnostics, experiment, refused } = reading;
  if (experiment === null) return [...diagnostics].sort(compareDiagnostics);
  const context = new LintContext(withoutRefused(experiment, refused), document, facts);
  const found = applyRules(RULES, context);
  return [...diagnostics, ...found].sort(compareDiagnostics);
}
