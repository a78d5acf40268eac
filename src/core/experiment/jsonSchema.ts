/** The published JSON Schema of the experiment file, made from the zod schema. */
import * as z from "zod";
import { experimentSchema } from "./schema.ts";

/** The parts of JSON Schema (draft 7) that the experiment file uses. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly $id?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  /** of each place, or of any number of items alike */
  readonly items?: readonly JsonSchema[] | JsonSchema;
  readonly maxItems?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly (string | number)[];
  readonly const?: string | number;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly "x-unit"?: string;
  readonly "x-equation"?: string;
  readonly "x-cost"?: string;
}

let cached: JsonSchema | null = null;

/** What a user may write (defaults left out); unit, equation and cost of a key are `x-unit`, `x-equation` and `x-cost`. */
export function experimentJsonSchema(): JsonSchema {
  cached ??= {
    ...(z.toJSONSchema(experimentSchema, {
      target: "draft-07",
      io: "input",
      override: ({ jsonSchema }) => renameMeta(jsonSchema),
    }) as JsonSchema),
    title: "MaskDM experiment",
  };
  return cached;
}

function renameMeta(schema: Record<string, unknown>): void {
  for (const name of ["unit", "equation", "cost"]) {
    if (!(name in schema)) continue;
    schema[`x-${name}`] = schema[name];
    delete schema[name];
  }
}
