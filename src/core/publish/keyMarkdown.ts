/** What hover, completion and the reference pages say of a key. */
import { allowedValues } from "../experiment/allowedValues.ts";
import type { KeySpec, SectionSpec } from "../experiment/keys.ts";
import { yamlText } from "../experiment/yamlText.ts";

/** Definition, allowed values, default, unit, equation and cost, as Markdown. */
export function keyMarkdown({ schema, required }: KeySpec): string {
  const rows = [
    ["Value", allowedValues(schema)],
    ["Default", defaultText(required, schema.default)],
    ["Unit", schema["x-unit"]],
    ["Equation", schema["x-equation"] === undefined ? undefined : `\`${schema["x-equation"]}\``],
    ["Cost", schema["x-cost"]],
  ].filter((row): row is [string, string] => row[1] !== undefined);
  return [schema.description ?? "", rows.map(([title, text]) => `**${title}:** ${text}`).join("  \n")].join("\n\n");
}

function defaultText(required: boolean, value: unknown): string {
  if (required) return "none: it must be given";
  return value === undefined ? "none" : `\`${yamlText(value)}\``;
}

export function sectionMarkdown({ description, keys }: SectionSpec): string {
  return `${description}\n\n**Keys:** ${keys.map(({ name }) => `\`${name}\``).join(", ")}`;
}
