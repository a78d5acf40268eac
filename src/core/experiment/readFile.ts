/** Text to a file's values, as far as they go: with mistakes in some keys, the others can still be looked at. */
import { compareDiagnostics, type Diagnostic } from "./diagnostic.ts";
import type { ExperimentDocument } from "./document.ts";
import { keyProblems } from "./itemProblems.ts";
import type { KeyTable } from "./keys.ts";
import { readStructure } from "./structure.ts";
import { valueAt } from "./valueAt.ts";
import { isMapping, type PlainMapping, readYaml } from "./yamlReader.ts";

export interface FileReading<T> {
  readonly document: ExperimentDocument;
  readonly diagnostics: readonly Diagnostic[];
  /** the file's values without those that were refused; defaults stand in for them. null where nothing can be made of the text */
  readonly value: T | null;
  /** dotted keys (and "section.*") whose value in `value` is a stand-in */
  readonly refused: ReadonlySet<string>;
}

/** Takes the parts of values out that are wrong while others beside them can be kept, and says why. */
type Sift = (values: PlainMapping, document: ExperimentDocument) => Diagnostic[];

/** Never throws; a value without diagnostics of severity error is complete and valid. */
export function readFile<T>(table: KeyTable<T>, text: string, sift: Sift = () => []): FileReading<T> {
  const { document, value, diagnostics: yamlProblems } = readYaml(text);
  if (value === undefined) return { document, diagnostics: yamlProblems, value: null, refused: new Set() };
  const foreign = table.kind.foreign?.(value) ?? null;
  if (foreign !== null) {
    const diagnostic: Diagnostic = { ...document.start(), severity: "error", code: "MDM007", message: foreign };
    return { document, diagnostics: [diagnostic], value: null, refused: new Set() };
  }
  const diagnostics = [...yamlProblems];
  const structure = readStructure(table, document, value);
  const { values } = structure;
  diagnostics.push(...structure.diagnostics, ...sift(values, document));
  const refused = new Set(structure.refused);
  for (const path of invalidKeys(table, values)) {
    diagnostics.push(...keyProblems(table.keys.get(path)!, valueAt(values, path), document));
    refused.add(path);
    removeAt(values, path);
  }
  diagnostics.sort(compareDiagnostics);
  return { document, diagnostics, value: complete(table, values, refused), refused };
}

/** Keys whose value the schema refuses, in the schema's order of complaint. */
function invalidKeys({ kind, keys }: KeyTable, values: PlainMapping): string[] {
  const result = kind.schema.safeParse(values);
  if (result.success) return [];
  const paths = new Set<string>();
  for (const issue of result.error.issues) {
    const [section, name] = issue.path.map(String);
    const path = section !== undefined && keys.has(section) ? section : `${section}.${name}`;
    if (keys.has(path) && valueAt(values, path) !== undefined) paths.add(path);
  }
  return [...paths];
}

/** With stand-ins for keys without a default that are missing or were refused. */
function complete<T>({ kind, keys, sections }: KeyTable<T>, values: PlainMapping, refused: Set<string>): T | null {
  const filled = { ...values };
  for (const { path, section, name, required } of keys.values()) {
    if (!required || valueAt(values, path) !== undefined) continue;
    if (section !== "" && filled[section] === undefined && !sections.get(section)!.required) continue;
    const { standIn } = kind.required[path]!;
    const own = filled[section];
    if (section === "") filled[name] = standIn;
    else filled[section] = { ...(isMapping(own) ? own : {}), [name]: standIn };
    refused.add(path);
  }
  const result = kind.schema.safeParse(filled);
  return result.success ? result.data : null;
}

function removeAt(values: PlainMapping, path: string): void {
  const [section, name] = path.split(".");
  if (name === undefined) delete values[section!];
  else delete (values[section!] as PlainMapping)[name];
}
