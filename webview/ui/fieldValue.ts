/** Values of keys as text in a field, and back. */
import { allowedValues, isTextList } from "../../src/core/experiment/allowedValues.ts";
import type { KeyValue } from "../../src/core/experiment/changeKeys.ts";
import { type JsonSchema, namesOf } from "../../src/core/experiment/jsonSchema.ts";
import { isValidFor, type KeySpec } from "../../src/core/experiment/keys.ts";
import { numberText, yamlText } from "../../src/core/experiment/yamlText.ts";

/** Which control suits a key. */
export type FieldKind = "choice" | "check" | "colour" | "number" | "text";

export function fieldKind({ schema }: KeySpec): FieldKind {
  if (choicesOf(schema) !== null) return "choice";
  if (schema.type === "boolean") return "check";
  if (schema.pattern?.startsWith("^#")) return "colour";
  return optionsOf(schema).some(({ type }) => type === "number" || type === "integer") ? "number" : "text";
}

/** The values to choose from, where there are only these, or a file alone has others. */
export function choicesOf(schema: JsonSchema): readonly (string | number)[] | null {
  if (schema.anyOf?.every(({ const: only }) => only !== undefined)) return schema.anyOf.map(({ const: only }) => only!);
  return namesOf(schema) ?? null;
}

/** A value as a field shows it. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(itemText).join(", ");
  if (typeof value === "object") return yamlText(value);
  return typeof value === "number" ? numberText(value) : String(value);
}

/** A value in a list; a text in quotes where it would read as something else. */
function itemText(item: unknown): string {
  return typeof item === "string" && /[,"'[\]]|^\s|\s$|^$/.test(item) ? JSON.stringify(item) : valueText(item);
}

/** What an empty field stands for, in its place. */
export function placeholderOf({ schema }: KeySpec): string {
  if (schema.default === null || isTextList(schema)) return "none";
  return schema.default === undefined ? "" : valueText(schema.default);
}

export type ParsedField =
  | { readonly kind: "value"; readonly value: KeyValue }
  /** empty: the default holds */
  | { readonly kind: "default" }
  | { readonly kind: "wrong"; readonly why: string };

/** What was typed into a field. */
export function parseField(spec: KeySpec, typed: string): ParsedField {
  const text = typed.trim();
  if (text === "" && !spec.required) return { kind: "default" };
  const value = candidates(spec.schema, text).find((candidate) => isValidFor(spec, candidate));
  if (value !== undefined) return { kind: "value", value };
  return { kind: "wrong", why: `It takes ${allowedValues(spec.schema)}.` };
}

/** What a text may stand for, the more particular first. */
function candidates(schema: JsonSchema, text: string): KeyValue[] {
  const found: KeyValue[] = [];
  for (const option of optionsOf(schema)) {
    // A text may be anything, so what is more particular goes before it.
    if (option.type === "null" && /^(null|none|~)$/i.test(text)) found.unshift(null);
    if ((option.type === "number" || option.type === "integer") && isNumber(text)) found.push(Number(text));
    if (isTextList(option)) found.push(textsOf(text));
    else if (option.type === "array")
      found.push(
        text
          .replaceAll(/[[\]]/g, "")
          .split(/[\s,;]+/)
          .map(asNumber),
      );
    if (option.type === "boolean" && /^(true|false)$/.test(text)) found.push(text === "true");
    if (option.const !== undefined && String(option.const) === text) found.push(option.const);
    if (option.enum) found.push(...option.enum.filter((value) => String(value) === text));
    if (option.type === "string" && option.const === undefined && !option.enum) found.push(text);
  }
  return found;
}

/** Texts with commas between, in quotes or not, the whole in brackets or not. */
function textsOf(text: string): string[] {
  const inner = /^\[.*\]$/.test(text) ? text.slice(1, -1) : text;
  const parts = inner.match(/\s*"(?:[^"\\]|\\.)*"\s*|[^,]+/g) ?? [];
  return parts.map((part) => unquoted(part.trim())).filter((part) => part !== "");
}

function unquoted(text: string): string {
  if (!/^".*"$/.test(text)) return text.replace(/^'(.*)'$/, "$1");
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}

const optionsOf = (schema: JsonSchema): readonly JsonSchema[] => schema.anyOf ?? [schema];
const isNumber = (text: string): boolean => text !== "" && Number.isFinite(Number(text));
const asNumber = (text: string): number => (isNumber(text) ? Number(text) : Number.NaN);
