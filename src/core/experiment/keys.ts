/** Every key of a kind of file with its definition, for messages, documentation and hovers. */
import { EXPERIMENT_KIND } from "./experimentKind.ts";
import type { FileKind } from "./fileKind.ts";
import { type JsonSchema, jsonSchemaOf } from "./jsonSchema.ts";
import type { Experiment } from "./schema.ts";

export interface KeySpec {
  /** dotted, such as "pretrain.steps" */
  readonly path: string;
  /** "" for a key outside the sections */
  readonly section: string;
  readonly name: string;
  readonly schema: JsonSchema;
  /** without a default, where its section is there */
  readonly required: boolean;
  readonly table: KeyTable;
}

export interface SectionSpec {
  readonly name: string;
  readonly description: string;
  /** whether a file has it in any case */
  readonly required: boolean;
  readonly keys: readonly KeySpec[];
}

export interface KeyTable<T = unknown> {
  readonly kind: FileKind<T>;
  readonly json: JsonSchema;
  /** sections and keys in the order of the schema */
  readonly sections: ReadonlyMap<string, SectionSpec>;
  readonly keys: ReadonlyMap<string, KeySpec>;
}

let cached: KeyTable<Experiment> | null = null;

/** Those of the experiment file. */
export function experimentKeys(): KeyTable<Experiment> {
  cached ??= keyTable(EXPERIMENT_KIND);
  return cached;
}

/** Names that may stand at the top of the file: sections and lone keys. */
export const rootNames = ({ json }: KeyTable): string[] => Object.keys(json.properties ?? {});

/** Names that may stand in a section; "" is the top of the file. */
export const namesIn = (table: KeyTable, section: string): string[] =>
  section === "" ? rootNames(table) : (table.sections.get(section)?.keys.map(({ name }) => name) ?? []);

/** The schema of the mappings that a key takes a list of, such as the pieces of mask.rate; null where it takes none. */
export function itemSchema({ schema }: KeySpec): JsonSchema | null {
  const list = (schema.anyOf ?? [schema]).find(({ items }) => items !== undefined && "properties" in items);
  return (list?.items as JsonSchema | undefined) ?? null;
}

/** The keys of an item of such a list, with paths such as "mask.rate[1].until". */
export function itemKeys(spec: KeySpec, index: number): KeySpec[] {
  const schema = itemSchema(spec);
  return Object.entries(schema?.properties ?? {}).map(([name, keySchema]) => ({
    path: `${spec.path}[${index}].${name}`,
    section: spec.path,
    name,
    schema: keySchema,
    required: schema?.required?.includes(name) === true,
    table: spec.table,
  }));
}

/** Whether the value would be accepted for this key, whatever the other keys say. */
export function isValidFor(spec: KeySpec, value: unknown): boolean {
  const list = spec.table.keys.get(spec.section);
  if (list !== undefined) {
    // The other keys that an item must have are numbers.
    const others = Object.fromEntries((itemSchema(list)?.required ?? []).map((name) => [name, 0]));
    return isValidFor(list, [{ ...others, [spec.name]: value }]);
  }
  const { section, name, table } = spec;
  const values = smallestValues(table);
  if (section === "") values[name] = value;
  else values[section] = { ...(values[section] as object | undefined), [name]: value };
  const result = table.kind.schema.safeParse(values);
  const own = section === "" ? [name] : [section, name];
  return result.success || !result.error.issues.some(({ path }) => own.every((part, i) => path[i] === part));
}

/** Keys that a file has in any case, so that what is asked about is all that can be wrong: telling of an error takes its time. */
function smallestValues({ kind, sections }: KeyTable): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [path, { standIn }] of Object.entries(kind.required)) {
    const [section, name] = path.split(".") as [string, string?];
    if (name === undefined) values[section] = standIn;
    else if (sections.get(section)!.required) values[section] = { [name]: standIn };
  }
  return values;
}

export function keyTable<T>(kind: FileKind<T>): KeyTable<T> {
  const json = jsonSchemaOf(kind);
  const sections = new Map<string, SectionSpec>();
  const keys = new Map<string, KeySpec>();
  const table: KeyTable<T> = { kind, json, sections, keys };
  for (const [name, schema] of Object.entries(json.properties ?? {})) {
    const required = json.required?.includes(name) === true;
    if (schema.properties === undefined) {
      keys.set(name, { path: name, section: "", name, schema, required, table });
      continue;
    }
    const own = Object.entries(schema.properties).map(([key, keySchema]) => ({
      path: `${name}.${key}`,
      section: name,
      name: key,
      schema: keySchema,
      required: schema.required?.includes(key) === true,
      table,
    }));
    for (const spec of own) keys.set(spec.path, spec);
    sections.set(name, { name, description: schema.description ?? "", required, keys: own });
  }
  return table;
}
