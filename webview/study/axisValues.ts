/** What is typed as values of an axis. */
import { experimentKeys, type KeySpec } from "../../src/core/experiment/keys.ts";
import { isMapping } from "../../src/core/experiment/yamlReader.ts";
import { yamlText } from "../../src/core/experiment/yamlText.ts";
import { BUDGET_UNITS } from "../../src/core/study/schema.ts";
import { choicesOf, fieldKind, parseField } from "../designer/fieldValue.ts";

/** Keys that an axis may vary. */
export const axisKeys = (): string[] => [
  ...experimentKeys().keys.keys(),
  ...["pretrain", ...BUDGET_UNITS].map((name) => `budget.${name}`),
];

/** Values to choose from; none where any number or text may be. */
export function suggestions(name: string): string[] {
  const spec = experimentKeys().keys.get(name);
  if (spec === undefined) return [];
  if (spec.schema.type === "boolean") return ["true", "false"];
  return (choicesOf(spec.schema) ?? []).map(String);
}

/** Whether a range of numbers may take the place of a list. */
export function isNumeric(name: string): boolean {
  const spec = experimentKeys().keys.get(name);
  return spec === undefined ? name.startsWith("budget.") : fieldKind(spec) === "number";
}

export type TypedValues =
  | { readonly ok: true; readonly values: unknown[] }
  | { readonly ok: false; readonly why: string };

/** One value, or several with commas between. */
export function parseValues(name: string, text: string): TypedValues {
  const spec = experimentKeys().keys.get(name);
  const one = parseValue(name, spec, text);
  if (one.ok) return one;
  const parts = text.split(",").map((part) => part.trim());
  const parsed = parts.filter((part) => part !== "").map((part) => parseValue(name, spec, part));
  const wrong = parsed.find(({ ok }) => !ok);
  if (wrong !== undefined) return parts.length > 1 ? wrong : one;
  return { ok: true, values: parsed.flatMap((each) => (each.ok ? each.values : [])) };
}

function parseValue(name: string, spec: KeySpec | undefined, text: string): TypedValues {
  if (spec === undefined) {
    const value = Number(text);
    const isRight = text.trim() !== "" && Number.isFinite(value);
    return isRight ? { ok: true, values: [value] } : { ok: false, why: `${name} takes numbers.` };
  }
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
