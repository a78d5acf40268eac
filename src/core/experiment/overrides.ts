/** `--set key=value`: single keys of an experiment written into its text. */
import { UserError } from "../errors.ts";
import { joinOr } from "./allowedValues.ts";
import { formatDiagnostic } from "./diagnostic.ts";
import { experimentKeys, type KeySpec } from "./keys.ts";
import { meantKeys } from "./meantKeys.ts";
import { textWithKey } from "./textWithKey.ts";
import { isMapping, readYaml } from "./yamlReader.ts";
import { yamlText } from "./yamlText.ts";

export interface Override {
  /** dotted key, such as "pretrain.steps" */
  readonly path: string;
  /** YAML scalar or flow text; for keys that take a text, that text */
  readonly value: string;
}

/**
 * The experiment's text with the overrides written in, comments and layout kept: what a run freezes.
 * The values' types and ranges are not looked at here; parsing the result does that.
 * @throws UserError for an unknown key, a value that is no YAML, or a text that is no YAML
 */
export function applyOverrides(text: string, overrides: readonly Override[]): string {
  let result = text.startsWith("\ufeff") ? text.slice(1) : text;
  for (const override of overrides) {
    const spec = overriddenKey(override);
    result = write(result, spec, overrideValue(override, spec), override);
  }
  return result;
}

/** @throws UserError where there is no such key */
export function overriddenKey(override: Override): KeySpec {
  const { keys, sections } = experimentKeys();
  const spec = keys.get(override.path);
  if (spec !== undefined) return spec;
  const shown = `--set ${override.path}=${override.value}`;
  const section = sections.get(override.path);
  if (section !== undefined)
    throw new UserError(
      `${shown}: ${section.name} is a section; set one of its keys, such as ${section.keys[0]!.path}.`,
    );
  const nearest = joinOr(meantKeys(override.path));
  throw new UserError(
    `${shown}: there is no key ${override.path}.${nearest ? ` Did you mean ${nearest}?` : ` Sections: ${[...sections.keys()].join(", ")}.`}`,
  );
}

/** The value that the text stands for. @throws UserError where it is no YAML */
export function overrideValue(override: Override, spec: KeySpec): unknown {
  const text = override.value.trim();
  const options = spec.schema.anyOf ?? [spec.schema];
  const takesText = options.some(
    (option) => option.type === "string" && option.const === undefined && option.enum === undefined,
  );
  const nullable = options.some((option) => option.type === "null");
  if (takesText && !/^["']/.test(text)) return nullable && text === "null" ? null : text;
  const { value, diagnostics } = readYaml(text);
  if (diagnostics[0] !== undefined || value === undefined) {
    const reason = diagnostics[0]?.message ?? "it cannot be read";
    throw new UserError(`--set ${override.path}=${override.value}: ${reason}`);
  }
  return value;
}

function write(text: string, spec: KeySpec, value: unknown, override: Override): string {
  const before = readYaml(text);
  if (before.diagnostics[0] !== undefined || before.value === undefined || !canHold(before.value, spec)) {
    const where = before.diagnostics[0]
      ? ` ${formatDiagnostic("line", before.diagnostics[0]).replace("line:", "line ")}`
      : "";
    throw new UserError(
      `--set ${override.path}=${override.value} cannot be written into a file with errors; correct them first.${where}`,
    );
  }
  return textWithKey(before, spec.path.split("."), value, overrideText(override, value));
}

/** The user's own spelling where it is a plain word or number, so that 1e-4 stays 1e-4. */
function overrideText(override: Override, value: unknown): string {
  const text = override.value.trim();
  const isPlain = /^[\w.+-]+$/.test(text) && (typeof value === "number" || typeof value === "boolean");
  return isPlain ? text : yamlText(value);
}

function canHold(root: unknown, spec: KeySpec): boolean {
  if (root === null) return true;
  if (!isMapping(root)) return false;
  const section = spec.section === "" ? undefined : root[spec.section];
  return section === undefined || section === null || isMapping(section);
}
