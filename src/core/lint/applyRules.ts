/** Rules applied to what was read of a file. */
import type { Diagnostic, Fix } from "../experiment/diagnostic.ts";
import type { ExperimentDocument, KeyPath } from "../experiment/document.ts";
import { editKeys } from "../experiment/edit.ts";
import type { Finding, KeyFix, Rule, RuleText } from "./rule.ts";

/** What rules find; one that would read a refused key says nothing. */
export function applyRules<C extends { readonly document: ExperimentDocument }>(
  rules: readonly Rule<C, KeyPath>[],
  context: C,
): Diagnostic[] {
  return rules.flatMap((rule) => {
    try {
      return [...rule.check(context)].map((finding) => diagnosticOf(rule, finding, context.document));
    } catch (error) {
      if (error instanceof RefusedKeyRead) return [];
      throw error;
    }
  });
}

function diagnosticOf(rule: RuleText, finding: Finding<KeyPath>, document: ExperimentDocument): Diagnostic {
  const fix = finding.fix && asEdits(finding.fix, document);
  return {
    ...document.locate(finding.at),
    severity: finding.severity ?? rule.severity,
    code: rule.code,
    message: finding.message,
    ...(fix ? { fix } : {}),
  };
}

function asEdits(fix: KeyFix<KeyPath>, document: ExperimentDocument): Fix | null {
  const edits = editKeys(document, fix);
  return edits && edits.length > 0 ? { title: fix.title, edits } : null;
}

/** Ends a rule that would rest on what is not known. */
export class RefusedKeyRead extends Error {}

/** A copy in which reading a refused key throws. */
export function withoutRefused<T extends object>(values: T, refused: ReadonlySet<string>): T {
  if (refused.size === 0) return values;
  const copy = { ...values } as Record<string, unknown>;
  for (const path of refused) {
    const [section, name] = path.split(".") as [string, string?];
    if (name === undefined) forbid(copy, section);
    else {
      const own = copy[section] === values[section as keyof T] ? { ...(copy[section] as object) } : copy[section];
      forbid(own as object, name);
      copy[section] = own;
    }
  }
  return copy as T;
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
