/** Text to study, with what is wrong in it. */
import { compareDiagnostics, type Diagnostic } from "../experiment/diagnostic.ts";
import type { ExperimentDocument } from "../experiment/document.ts";
import { experimentKeys } from "../experiment/keys.ts";
import { isMapping, readYaml } from "../experiment/yamlReader.ts";
import { BUDGET_UNITS, type StudyConfig, studySchema } from "./schema.ts";

export interface StudyReading {
  readonly document: ExperimentDocument;
  readonly diagnostics: readonly Diagnostic[];
  /** null where there are errors */
  readonly study: StudyConfig | null;
}

/** Never throws. Whether the base can be read, and what each cell comes to, is for `planStudy`. */
export function readStudy(text: string): StudyReading {
  const { document, value, diagnostics: yamlProblems } = readYaml(text);
  if (value === undefined) return { document, diagnostics: yamlProblems, study: null };
  const diagnostics = [...yamlProblems];
  const report = (path: readonly string[], code: string, message: string): void => {
    diagnostics.push({ ...placeOf(document, path), severity: "error", code, message });
  };
  const parsed = studySchema.safeParse(value);
  if (parsed.success) checkStudy(parsed.data, report);
  else for (const { path, message } of parsed.error.issues) report(path.map(String), "MDM901", message);
  diagnostics.sort(compareDiagnostics);
  const ok = parsed.success && diagnostics.every(({ severity }) => severity !== "error");
  return { document, diagnostics, study: ok ? parsed.data : null };
}

type Report = (path: readonly string[], code: string, message: string) => void;

function checkStudy({ axes, budget }: StudyConfig, report: Report): void {
  const known = (key: string): boolean =>
    experimentKeys().keys.has(key) ||
    key === "budget.pretrain" ||
    BUDGET_UNITS.some((unit) => key === `budget.${unit}`);
  const owner = new Map<string, string>();
  for (const [name, axis] of Object.entries(axes)) {
    const keys = Array.isArray(axis)
      ? new Set(axis.flatMap((entry) => (isMapping(entry) ? Object.keys(entry) : [name])))
      : new Set([name]);
    for (const key of keys) {
      if (!known(key)) report(["axes", name], "MDM902", `There is no key ${key} in an experiment.`);
      const other = owner.get(key);
      if (other !== undefined && other !== name)
        report(["axes", name], "MDM903", `${key} varies along ${other} already.`);
      owner.set(key, name);
    }
  }
  const units = BUDGET_UNITS.filter((unit) => budget?.[unit] !== undefined);
  if (budget !== undefined && units.length !== 1) {
    report(["budget"], "MDM904", "A budget is counted in one of steps, seconds and images.");
  }
}

/** The longest part of a path that the text has. */
function placeOf(document: ExperimentDocument, path: readonly string[]) {
  for (let length = path.length; length > 0; length--) {
    const range = document.keyRange(path.slice(0, length));
    if (range !== null) return range;
  }
  return document.start();
}
