/** Tables of keys and JSON Schemas, as they are published. */
import { allowedValues } from "./allowedValues.ts";
import type { JsonSchema } from "./jsonSchema.ts";
import { itemKeys, itemSchema, type KeySpec, type KeyTable, type SectionSpec } from "./keys.ts";
import { yamlText } from "./yamlText.ts";

export const schemaText = ({ json }: KeyTable): string => `${JSON.stringify(json, null, 2)}\n`;

/** @param pieces what is said of the items of keys that take a list of mappings, by key */
export function sectionText(
  { name, description, keys }: SectionSpec,
  pieces: Readonly<Record<string, string>> = {},
): string {
  const lists = keys
    .filter((key) => itemSchema(key) !== null)
    .map((key) => `\n### Pieces of \`${key.path}\`\n\n${pieces[key.path] ?? ""}${keyTableText(itemKeys(key, 0))}\n`);
  return `## \`${name}\`\n\n${description}\n\n${keyTableText(keys)}\n${lists.join("")}`;
}

/** As Markdown, a row a key. */
export function keyTableText(keys: readonly KeySpec[]): string {
  return ["| key | value | default | meaning |", "|---|---|---|---|", ...keys.map(row)].join("\n");
}

function row({ name, schema, required }: KeySpec): string {
  const cells = [
    `\`${name}\``,
    allowedValues(schema),
    required ? "required" : schema.default === undefined ? "–" : `\`${yamlText(schema.default)}\``,
    meaning(schema),
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function meaning(schema: JsonSchema): string {
  const unit = schema["x-unit"];
  const equation = schema["x-equation"];
  const cost = schema["x-cost"];
  return [
    schema.description ?? "",
    ...(unit === undefined ? [] : [`Unit: ${unit}.`]),
    ...(equation === undefined ? [] : [`\`${equation}\`.`]),
    ...(cost === undefined ? [] : [`*Cost: ${cost}*`]),
  ].join(" ");
}
