/** The published JSON Schema of a kind of file, made from its zod schema. */
import * as z from "zod";
import type { FileKind } from "./fileKind.ts";

/** The parts of JSON Schema (draft 7) that these files use. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly $id?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
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

/** The names that a key takes, beside which there may be texts of another kind. */
export const namesOf = ({ enum: names, anyOf = [] }: JsonSchema): readonly (string | number)[] | undefined =>
  names ?? anyOf.find((option) => option.enum !== undefined)?.enum;

/** What a user may write (defaults left out); unit, equation and cost of a key are `x-unit`, `x-equation` and `x-cost`. */
export function jsonSchemaOf({ schema, noun }: Pick<FileKind, "schema" | "noun">): JsonSchema {
  return {
    ...(z.toJSONSchema(schema, {
      target: "draft-07",
      io: "input",
      override: ({ jsonSchema }) => renameMeta(jsonSchema),
    }) as JsonSchema),
    title: `MaskDM ${noun}`,
  };
}

function renameMeta(schema: Record<string, unknown>): void {
  for (const name of ["unit", "equation", "cost"]) {
    if (!(name in schema)) continue;
    schema[`x-${name}`] = schema[name];
    delete schema[name];
  }
}
