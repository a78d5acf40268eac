/** Lint of an experiment file: what YAML and the schema refuse, and what is legal but will not do what is meant. */

import { compareDiagnostics, type Diagnostic, type Fix } from "../experiment/diagnostic.ts";
import type { ExperimentDocument } from "../experiment/document.ts";
import { editKeys } from "../experiment/edit.ts";
import { type ExperimentReading, readExperiment } from "../experiment/read.ts";
import type { Experiment } from "../experiment/schema.ts";
import type { LintFacts } from "./facts.ts";
import { type Finding, type KeyFix, LintContext, type Rule } from "./rule.ts";
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
  const found = RULES.flatMap((rule) => apply(rule, context));
  return [...diagnostics, ...found].sort(compareDiagnostics);
}

/** A rule that would read a refused key says nothing. */
function apply(rule: Rule, context: LintContext): Diagnostic[] {
  try {
    return [...rule.check(context)].map((finding) => diagnosticOf(rule, finding, context.document));
  } catch (error) {
    if (error instanceof RefusedKeyRead) return [];
    throw error;
  }
}

function diagnosticOf(rule: Rule, finding: Finding, document: ExperimentDocument): Diagnostic {
  const fix = finding.fix && asEdits(finding.fix, document);
  return {
    ...document.locate(finding.at),
    severity: finding.severity ?? rule.severity,
    code: rule.code,
    message: finding.message,
    ...(fix ? { fix } : {}),
  };
}

function asEdits(fix: KeyFix, document: ExperimentDocument): Fix | null {
  const edits = editKeys(document, fix);
  return edits && edits.length > 0 ? { title: fix.title, edits } : null;
}

class RefusedKeyRead extends Error {}

/** A copy in which reading a refused key throws. */
function withoutRefused(experiment: Experiment, refused: ReadonlySet<string>): Experiment {
  if (refused.size === 0) return experiment;
  const copy: Record<string, unknown> = { ...experiment };
  for (const path of refused) {
    const [section, name] = path.split(".") as [string, string?];
    if (name === undefined) forbid(copy, section);
    else {
      const own =
        copy[section] === experiment[section as keyof Experiment] ? { ...(copy[section] as object) } : copy[section];
      forbid(own as object, name);
      copy[section] = own;
    }
  }
  return copy as Experiment;
}

function forbid(target: object, key: string): void {
  Object.defineProperty(target, key, {
    enumerable: true,
    configurable: true,
    get() {
      throw new RefusedKeyRead(key);
    },
  });
}
