/** Text to study, with what is wrong in it. */
import { compareDiagnostics, type Diagnostic } from "../experiment/diagnostic.ts";
import { type FileReading, readFile } from "../experiment/readFile.ts";
import { applyRules, withoutRefused } from "../lint/applyRules.ts";
import { siftAxes } from "./axisProblems.ts";
import { studyKeys } from "./kind.ts";
import { TEXT_RULES } from "./rules.ts";
import type { StudyConfig } from "./schema.ts";
import { siftSet } from "./stageSet.ts";
import { StudyContext } from "./studyRule.ts";

export interface StudyReading extends Omit<FileReading<StudyConfig>, "value"> {
  /** null where there are errors */
  readonly study: StudyConfig | null;
  /** the file's values without those that were refused, which defaults stand in for, and without axes that cannot be used */
  readonly partial: StudyConfig | null;
}

/** Never throws. Whether the base can be read, and what each cell comes to, is for `planStudy` and `lintStudy`. */
export function readStudy(text: string): StudyReading {
  const { value, ...reading } = readFile(studyKeys(), text, (values, document) => [
    ...siftAxes(values, document),
    ...siftSet(values, document),
  ]);
  const { document, refused } = reading;
  const found: Diagnostic[] =
    value === null ? [] : applyRules(TEXT_RULES, new StudyContext(withoutRefused(value, refused), document));
  const diagnostics = [...reading.diagnostics, ...found].sort(compareDiagnostics);
  const ok = diagnostics.every(({ severity }) => severity !== "error");
  return { ...reading, diagnostics, study: ok ? value : null, partial: value };
}
