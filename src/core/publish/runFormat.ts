/** What is generated from the schemas of the run format: JSON Schemas and the tables of fields in docs/run-format.md. */
import * as z from "zod";
import { annotationsSchema } from "../run/annotations.ts";
import { checkpointSchema } from "../run/checkpointState.ts";
import { controlSchema } from "../run/control.ts";
import { drawingSchema } from "../run/drawing.ts";
import { evaluationSchema } from "../run/evaluations.ts";
import { metricsLineSchema, resumeLineSchema, stepMetricsSchema } from "../run/metrics.ts";
import { neighbourPairSchema, neighboursSchema } from "../run/neighbours.ts";
import { queueEntrySchema, queueLimitSchema, startOrderSchema } from "../run/queue.ts";
import { runSchema, sessionSchema } from "../run/record.ts";
import { statusSchema } from "../run/status.ts";
import { studyRecordSchema } from "../study/record.ts";
import { studyRequestSchema } from "../study/request.ts";

const PUBLISHED: Readonly<Record<string, z.ZodType>> = {
  "docs/schema/run.schema.json": runSchema,
  "docs/schema/status.schema.json": statusSchema,
  "docs/schema/metrics.schema.json": metricsLineSchema,
  "docs/schema/checkpoint.schema.json": checkpointSchema,
  "docs/schema/queue.schema.json": queueEntrySchema,
  "docs/schema/annotations.schema.json": annotationsSchema,
  "docs/schema/drawing.schema.json": drawingSchema,
  "docs/schema/evaluation.schema.json": evaluationSchema,
  "docs/schema/neighbours.schema.json": neighboursSchema,
  "docs/schema/study-record.schema.json": studyRecordSchema,
  "docs/schema/study-request.schema.json": studyRequestSchema,
};

/** Document whose tables of fields are generated. */
export const RUN_FORMAT_DOCUMENT = "docs/run-format.md";

/**
 * Everything that is generated: the JSON Schemas (draft 2020-12), which a writer in any language can check itself against, and the
 * document with its tables up to date.
 * @param markdown docs/run-format.md as it is
 * @returns path -> text
 */
export function publishedRunFormat(markdown: string): Record<string, string> {
  const text = (schema: z.ZodType) => `${JSON.stringify(z.toJSONSchema(schema, { io: "input" }), null, 2)}\n`;
  const schemas = Object.entries(PUBLISHED).map(([path, schema]) => [path, text(schema)] as const);
  return { ...Object.fromEntries(schemas), [RUN_FORMAT_DOCUMENT]: withFieldTables(markdown) };
}

const TABLES: Readonly<Record<string, z.ZodObject>> = {
  run: runSchema,
  session: sessionSchema,
  status: statusSchema,
  step: stepMetricsSchema,
  resume: resumeLineSchema,
  checkpoint: checkpointSchema,
  control: controlSchema,
  queue: queueEntrySchema,
  order: startOrderSchema,
  limit: queueLimitSchema,
  annotations: annotationsSchema,
  drawing: drawingSchema,
  evaluation: evaluationSchema,
  neighbours: neighboursSchema,
  neighbourPair: neighbourPairSchema,
  study: studyRecordSchema,
  studyRequest: studyRequestSchema,
};

interface Property {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Property[];
  readonly oneOf?: readonly Property[];
  readonly items?: Property;
  readonly description?: string;
  readonly format?: string;
  /** of objects whose names are not fixed: what each holds */
  readonly additionalProperties?: Property | boolean;
  readonly properties?: Readonly<Record<string, Property>>;
  readonly required?: readonly string[];
}

function typeName(property: Property): string {
  if (property.const !== undefined) return JSON.stringify(property.const);
  if (property.enum !== undefined) return property.enum.map((value) => JSON.stringify(value)).join(", ");
  if (property.anyOf !== undefined) return property.anyOf.map(typeName).join(" or ");
  if (property.oneOf !== undefined) return "object"; // its variants have tables of their own
  if (property.items !== undefined) return `array of ${typeName(property.items)}`;
  if (property.format === "date-time") return "time";
  return property.type === undefined ? "any" : [property.type].flat().join(" or ");
}

/** A row per field; those of an object in it follow as `object.field`. */
function rows(object: Property, prefix: string): string[] {
  return Object.entries(object.properties ?? {}).flatMap(([name, property]) => {
    const values = typeof property.additionalProperties === "object" ? property.additionalProperties : {};
    const nested = [property, ...(property.anyOf ?? [])].find((part) => part.properties !== undefined);
    const optional = object.required?.includes(name) === true ? "" : ", optional";
    const description = (property.description ?? "").replaceAll("|", "\\|");
    const row = `| \`${prefix}${name}\` | ${typeName(property)}${optional} | ${description} |`;
    return [row, ...rows(nested ?? {}, `${prefix}${name}.`), ...rows(values, `${prefix}${name}.*.`)];
  });
}

function table(schema: z.ZodObject): string {
  const property = z.toJSONSchema(schema, { io: "input" }) as unknown as Property;
  return ["| field | type | meaning |", "|---|---|---|", ...rows(property, "")].join("\n");
}

/**
 * Brings the tables of fields up to date: each stands between `<!-- fields: NAME -->` and `<!-- end -->`.
 * @throws RangeError for a marker of a table that does not exist, or a table without its marker
 */
function withFieldTables(markdown: string): string {
  const placed = new Set<string>();
  const text = markdown.replace(/<!-- fields: (\w+) -->[\s\S]*?<!-- end -->/g, (_, name: string) => {
    const schema = TABLES[name];
    if (schema === undefined) throw new RangeError(`no table of fields named ${name}`);
    placed.add(name);
    return `<!-- fields: ${name} -->\n${table(schema)}\n<!-- end -->`;
  });
  const missing = Object.keys(TABLES).filter((name) => !placed.has(name));
  if (missing.length > 0) throw new RangeError(`no place for the tables ${missing.join(", ")}`);
  return text;
}
