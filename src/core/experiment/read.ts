/** Text to experiment, as far as it goes: with mistakes in some keys, the others can still be looked at. */
import { compareDiagnostics, type Diagnostic } from "./diagnostic.ts";
import type { ExperimentDocument } from "./document.ts";
import { keyProblems } from "./itemProblems.ts";
import { experimentKeys } from "./keys.ts";
import { type Experiment, experimentSchema } from "./schema.ts";
import { readStructure } from "./structure.ts";
import { type PlainMapping, readYaml } from "./yamlReader.ts";

export interface ExperimentReading {
  readonly document: ExperimentDocument;
  readonly diagnostics: readonly Diagnostic[];
  /** the file's values without those that were refused; defaults stand in for them. null where nothing can be made of the text */
  readonly experiment: Experiment | null;
  /** dotted keys (and "section.*") whose value in `experiment` is a stand-in */
  readonly refused: ReadonlySet<string>;
}

/** Never throws; an experiment without diagnostics of severity error is complete and valid. */
export function readExperiment(text: string): ExperimentReading {
  const { document, value, diagnostics: yamlProblems } = readYaml(text);
  if (value === undefined) return { document, diagnostics: yamlProblems, experiment: null, refused: new Set() };
  const diagnostics = [...yamlProblems];
  const refused = new Set<string>();
  const structure = readStructure(document, value);
  diagnostics.push(...structure.diagnostics);
  for (const path of structure.refused) refused.add(path);
  const values = structure.values;
  for (const path of invalidKeys(values)) {
    const spec = experimentKeys().keys.get(path)!;
    diagnostics.push(...keyProblems(spec, valueAt(values, path), document));
    refused.add(path);
    removeAt(values, path);
  }
  diagnostics.sort(compareDiagnostics);
  return { document, diagnostics, experiment: complete(values, refused), refused };
}

/** Keys whose value the schema refuses, in the schema's order of complaint. */
function invalidKeys(values: PlainMapping): string[] {
  const result = experimentSchema.safeParse(values);
  if (result.success) return [];
  const { keys } = experimentKeys();
  const paths = new Set<string>();
  for (const issue of result.error.issues) {
    const [section, name] = issue.path.map(String);
    const path = section !== undefined && keys.has(section) ? section : `${section}.${name}`;
    if (keys.has(path) && valueAt(values, path) !== undefined) paths.add(path);
  }
  return [...paths];
}

function complete(values: PlainMapping, refused: Set<string>): Experiment | null {
  const data = (values["data"] ?? {}) as PlainMapping;
  const filled = { ...values, data: data["path"] === undefined ? { ...data, path: "." } : data };
  if (data["path"] === undefined) refused.add("data.path");
  const result = experimentSchema.safeParse(filled);
  return result.success ? result.data : null;
}

function valueAt(values: PlainMapping, path: string): unknown {
  const [section, name] = path.split(".");
  const value = values[section!];
  return name === undefined ? value : (value as PlainMapping | undefined)?.[name];
}

function removeAt(values: PlainMapping, path: string): void {
  const [section, name] = path.split(".");
  if (name === undefined) delete values[section!];
  else delete (values[section!] as PlainMapping)[name];
}
