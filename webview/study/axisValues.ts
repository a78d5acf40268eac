/** What is typed as values of an axis. */
import type { KeySpec } from "../../src/core/experiment/keys.ts";
import { isMapping } from "../../src/core/experiment/yamlReader.ts";
import { yamlText } from "../../src/core/experiment/yamlText.ts";
import { axisKey } from "../../src/core/study/kind.ts";
import { choicesOf, fieldKind, parseField } from "../ui/fieldValue.ts";

/** Values to choose from; none where any number or text may be. */
export function suggestions(name: string): string[] {
  const spec = axisKey(name);
  if (spec === null) return [];
  if (spec.schema.type === "boolean") return ["true", "false"];
  return (choicesOf(spec.schema) ?? []).map(String);
}

/** Whether a range of numbers may take the place of a list. */
export function isNumeric(name: string): boolean {
  const spec = axisKey(name);
  return spec !== null && fieldKind(spec) === "number";
}

export type TypedValues =
  | { readonly ok: true; readonly values: unknown[] }
  | { readonly ok: false; readonly why: string };

/** One value, or several with commas between. */
export function parseValues(name: string, text: string): TypedValues {
  const spec = axisKey(name);
  if (spec === null) return { ok: false, why: `There is no key ${name} in an experiment.` };
  const one = parseValue(spec, text);
  if (one.ok) return one;
  const parts = text.split(",").map((part) => part.trim());
  const parsed = parts.filter((part) => part !== "").map((part) => parseValue(spec, part));
  const wrong = parsed.find(({ ok }) => !ok);
  if (wrong !== undefined) return parts.length > 1 ? wrong : one;
  return { ok: true, values: parsed.flatMap((each) => (each.ok ? each.values : [])) };
}

function parseValue(spec: KeySpec, text: string): TypedValues {
  // An empty field would stand for the default, which an axis writes out.
  const parsed = parseField({ ...spec, required: true }, text);
  if (parsed.kind === "value") return { ok: true, values: [parsed.value] };
  return { ok: false, why: parsed.kind === "wrong" ? parsed.why : "Type a value." };
}

/** A value as a chip shows it. */
export function chipText(value: unknown): string {
  if (!isMapping(value)) return yamlText(value);
  return Object.entries(value)
    .map(([key, own]) => `${key.split(".").at(-1)} ${yamlText(own)}`)
    .join(", ");
}
