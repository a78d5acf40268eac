/** Every key of the experiment file with its definition, for messages, documentation and hovers. */
import { experimentJsonSchema, type JsonSchema } from "./jsonSchema.ts";
import { experimentSchema } from "./schema.ts";

export interface KeySpec {
  /** dotted, such as "pretrain.steps" */
  readonly path: string;
  /** "" for a key outside the sections */
  readonly section: string;
  readonly name: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

export interface SectionSpec {
  readonly name: string;
  readonly description: string;
  readonly keys: readonly KeySpec[];
}

interface KeyTable {
  readonly sections: ReadonlyMap<string, SectionSpec>;
  readonly keys: ReadonlyMap<string, KeySpec>;
}

let cached: KeyTable | null = null;

/** Sections and keys in the order of the schema. */
export function experimentKeys(): KeyTable {
  cached ??= buildTable();
  return cached;
}

/** Names that may stand at the top of the file: sections and lone keys. */
export function rootNames(): string[] {
  return Object.keys(experimentJsonSchema().properties ?? {});
}

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
  }));
}

/** Whether the value would be accepted for this key, whatever the other keys say. */
export function isValidFor(spec: KeySpec, value: unknown): boolean {
  const list = experimentKeys().keys.get(spec.section);
  if (list !== undefined) {
    // The other keys that an item must have are numbers.
    const others = Object.fromEntries((itemSchema(list)?.required ?? []).map((name) => [name, 0]));
    return isValidFor(list, [{ ...others, [spec.name]: value }]);
  }
  const sections: Record<string, unknown> = { data: { path: "." } };
  if (spec.section === "") sections[spec.name] = value;
  else sections[spec.section] = { ...(sections[spec.section] as object | undefined), [spec.name]: value };
  return experimentSchema.safeParse(sections).success;
}

function buildTable(): KeyTable {
  const sections = new Map<string, SectionSpec>();
  const keys = new Map<string, KeySpec>();
  for (const [name, schema] of Object.entries(experimentJsonSchema().properties ?? {})) {
    if (schema.properties === undefined) {
      keys.set(name, { path: name, section: "", name, schema, required: false });
      continue;
    }
    const own = Object.entries(schema.properties).map(([key, keySchema]) => ({
      path: `${name}.${key}`,
      section: name,
      name: key,
      schema: keySchema,
      required: schema.required?.includes(key) === true,
    }));
    for (const spec of own) keys.set(spec.path, spec);
    sections.set(name, { name, description: schema.description ?? "", keys: own });
  }
  return { sections, keys };
}
