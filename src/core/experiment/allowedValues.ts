/** What a key accepts, in plain English, and what a value is. */
import { OWN_NETWORK_NAME } from "../model/ownNetwork.ts";
import type { JsonSchema } from "./jsonSchema.ts";

/** Such as "a whole number from 4 to 1024" or "one of patch, block, crop or none". */
export function allowedValues(schema: JsonSchema): string {
  if (schema.anyOf) return joinOr(mergeConstants(schema.anyOf));
  if (schema.enum) return `one of ${joinOr(schema.enum.map(String))}`;
  if (schema.const !== undefined) return String(schema.const);
  switch (schema.type) {
    case "integer":
      return `a whole number ${range(schema)}`;
    case "number":
      return `a number ${range(schema)}`.trim();
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "array":
      return listOf(schema);
    case "object":
      return typeof schema.additionalProperties === "object" ? "names with their values" : "a section of keys";
    default:
      if (schema.pattern?.startsWith("^#")) return 'a colour in quotes, such as "#ffffff"';
      if (schema.pattern?.startsWith("^https")) return "an address such as http://10.0.0.1:8265";
      if (schema.pattern === OWN_NETWORK_NAME.source) return "a class in Python, such as my_package.my_module:MyNet";
      return "a text that is not empty";
  }
}

function listOf({ items, default: standard, maxItems }: JsonSchema): string {
  if (items !== undefined && "properties" in items) return `a list of up to ${maxItems} pieces`;
  if (!isTuple(items)) {
    if (items?.enum !== undefined) return `a list of ${items.enum.join(" and ")}`;
    if (items?.type === "number" || items?.type === "integer")
      return `a list of up to ${maxItems} ${items.type === "integer" ? "whole " : ""}numbers, each ${range(items)}`;
    if (items?.anyOf !== undefined) return `a list of up to ${maxItems} texts or whole numbers`;
    return `a list of up to ${maxItems} texts, such as [thumbs, "*_mask.png"]`;
  }
  return `a list of ${WORDS[items.length] ?? items.length} numbers, each ${range(items[0] ?? {})}, such as ${JSON.stringify(standard).replace(",", ", ")}`;
}

const isTuple = (items: JsonSchema["items"]): items is readonly JsonSchema[] => Array.isArray(items);

/** Whether it takes a list of any number of texts, among which there may be numbers. */
export const isTextList = ({ type, items }: JsonSchema): boolean =>
  type === "array" &&
  items !== undefined &&
  !isTuple(items) &&
  (items.anyOf ?? [items]).some((item) => item.type === "string" && item.enum === undefined);

const WORDS = ["no", "one", "two", "three"];

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  if (minimum !== undefined && maximum !== undefined) return `from ${digits(minimum)} to ${digits(maximum)}`;
  const parts = [
    ...(minimum === undefined ? [] : [`at least ${minimum}`]),
    ...(exclusiveMinimum === undefined ? [] : [`above ${exclusiveMinimum}`]),
    ...(maximum === undefined ? [] : [`at most ${digits(maximum)}`]),
    ...(exclusiveMaximum === undefined ? [] : [`below ${exclusiveMaximum}`]),
  ];
  return parts.join(" and ");
}

/** Large limits with separators; nobody types them. */
function digits(value: number): string {
  return value < 10_000 ? String(value) : String(value).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

function mergeConstants(options: readonly JsonSchema[]): string[] {
  return options.map((option) =>
    option.type === "string" && [option.const, option.enum, option.pattern].every((only) => only === undefined)
      ? "a text"
      : allowedValues(option),
  );
}

export function joinOr(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} or ${parts.at(-1)}`;
}

/** Such as `the text "abc"` or `empty`. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (typeof value === "string") return value === "" ? "an empty text" : `the text ${quoted(value)}`;
  if (typeof value === "number")
    return Number.isNaN(value) ? "not a number (.nan)" : Number.isFinite(value) ? String(value) : "infinite";
  if (typeof value === "boolean") return `${value}`;
  if (Array.isArray(value) && value.length < 6 && value.every(isShort)) return `the list [${value.join(", ")}]`;
  if (Array.isArray(value)) return value.length === 1 ? "a list of 1 value" : `a list of ${value.length} values`;
  return "a section of keys";
}

const isShort = (value: unknown): boolean =>
  typeof value === "number" || (typeof value === "string" && value.length < 12);

/** A text in quotes, cut where it is long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
