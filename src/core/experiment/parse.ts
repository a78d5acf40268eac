/** Experiment files to complete experiments. */
import { UserError } from "../errors.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { ExperimentDocument } from "./document.ts";
import { applyOverrides, type Override, overriddenKey, overrideValue } from "./overrides.ts";
import { type ExperimentReading, readExperiment } from "./read.ts";
import type { Experiment } from "./schema.ts";

export { applyOverrides, type Override } from "./overrides.ts";

export type ParsedExperiment =
  | { readonly ok: true; readonly experiment: Experiment; readonly document: ExperimentDocument }
  | { readonly ok: false; readonly diagnostics: Diagnostic[] };

/**
 * Reads an experiment. What YAML or the schema refuses comes back as diagnostics; what is legal but unwise is for `lintExperiment`.
 * With overrides the returned document holds the text with the overrides written in. Diagnostics always point into `text` itself; one about an override
 * begins with `--set`. Never throws.
 */
export function parseExperiment(text: string, overrides: readonly Override[] = []): ParsedExperiment {
  const plain = readExperiment(text);
  if (overrides.length === 0) return result(plain, plain.diagnostics);
  const misused = overrides.flatMap((override) => overrideProblems(override, plain.document));
  if (misused.length > 0) return { ok: false, diagnostics: [...plain.diagnostics.filter(isError), ...misused] };
  let overridden: ExperimentReading;
  try {
    overridden = readExperiment(applyOverrides(text, overrides));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const reported = plain.diagnostics.filter(isError);
    return {
      ok: false,
      diagnostics: reported.length > 0 ? reported : [asDiagnostic(error.message, plain.document, null)],
    };
  }
  return result(
    overridden,
    overridden.diagnostics.map((diagnostic) => inOriginal(diagnostic, overridden, plain, overrides)),
  );
}

function result(reading: ExperimentReading, diagnostics: readonly Diagnostic[]): ParsedExperiment {
  const { experiment, document } = reading;
  if (experiment !== null && !diagnostics.some(isError)) return { ok: true, experiment, document };
  return { ok: false, diagnostics: [...diagnostics] };
}

const isError = (diagnostic: Diagnostic): boolean => diagnostic.severity === "error";

function overrideProblems(override: Override, document: ExperimentDocument): Diagnostic[] {
  try {
    overrideValue(override, overriddenKey(override));
    return [];
  } catch (error) {
    if (error instanceof UserError) return [asDiagnostic(error.message, document, override)];
    throw error;
  }
}

function asDiagnostic(message: string, document: ExperimentDocument, override: Override | null): Diagnostic {
  const range = document.locate(override === null ? [] : [override.path]);
  return { ...range, severity: "error", code: "MDM016", message };
}

/** A diagnostic of the overridden text, moved to the text that the user has before them. */
function inOriginal(
  diagnostic: Diagnostic,
  overridden: ExperimentReading,
  plain: ExperimentReading,
  overrides: readonly Override[],
): Diagnostic {
  const culprit = overrides.find((override) => isAt(diagnostic, overridden.document, override.path));
  if (culprit !== undefined) {
    const { fix: _, ...rest } = diagnostic;
    const range = plain.document.locate([culprit.path]);
    return { ...rest, ...range, message: `--set ${culprit.path}=${culprit.value}: ${diagnostic.message}` };
  }
  const same = plain.diagnostics.find(
    ({ code, message }) => code === diagnostic.code && message === diagnostic.message,
  );
  if (same !== undefined) return same;
  const { fix: _, ...rest } = diagnostic;
  return { ...rest, ...plain.document.start() };
}

function isAt(diagnostic: Diagnostic, document: ExperimentDocument, path: string): boolean {
  return [document.valueRange(path), document.keyRange(path)].some(
    (range) => range !== null && range.line === diagnostic.line && range.column === diagnostic.column,
  );
}
