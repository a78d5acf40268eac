/** What a tool takes and returns, as JSON Schema (draft 2020-12). */
import * as z from "zod";
import type { Tool } from "./tool.ts";

export interface ToolSchema {
  readonly type: "object";
  readonly [key: string]: unknown;
}

/** What may be left out, as it has a default, is not required. */
export const inputSchema = ({ input }: Pick<Tool, "input">): ToolSchema => schemaOf(input, "input");

export const outputSchema = ({ output }: Pick<Tool, "output">): ToolSchema => schemaOf(output, "output");

function schemaOf(schema: z.ZodObject, io: "input" | "output"): ToolSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    // That whole numbers stay within what a double holds says nothing to a model.
    override: ({ jsonSchema }) => {
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return { ...json, type: "object" };
}
