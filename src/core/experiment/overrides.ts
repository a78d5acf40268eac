/** `--set key=value`: single keys of an experiment written into its text. */
import { type Document, type Node, parseDocument, stringify, visit } from "yaml";
import { UserError } from "../errors.ts";
import { joinOr } from "./allowedValues.ts";
import { formatDiagnostic } from "./diagnostic.ts";
import { editKeys } from "./edit.ts";
import { experimentKeys, type KeySpec } from "./keys.ts";
import { applyEdits } from "./lineIndex.ts";
import { meantKeys } from "./meantKeys.ts";
import { isMapping, type PlainMapping, readYaml } from "./yamlReader.ts";
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
  const wanted = withKey(before.value, spec.path, value);
  const edits = editKeys(before.document, { set: { [spec.path]: overrideText(override, value) } });
  if (edits !== null) {
    const edited = applyEdits(before.document.text, edits);
    const after = readYaml(edited);
    if (after.diagnostics.length === 0 && isSame(after.value, wanted)) return edited;
  }
  return rewritten(text, before.value, spec, value, wanted);
}

/** The user's own spelling where it is a plain word or number, so that 1e-4 stays 1e-4. */
function overrideText(override: Override, value: unknown): string {
  const text = override.value.trim();
  const isPlain = /^[\w.+-]+$/.test(text) && (typeof value === "number" || typeof value === "boolean");
  return isPlain ? text : yamlText(value);
}

/** For layouts that cannot be edited in place: the YAML library's own rendering, which keeps comments where nothing is shared. */
function rewritten(text: string, plain: unknown, spec: KeySpec, value: unknown, wanted: unknown): string {
  const document = parseDocument(text, { schema: "core", logLevel: "error" });
  try {
    unshare(document);
    document.setIn(spec.path.split("."), document.createNode(value, { flow: true }));
    const rendered = document.toString({ lineWidth: 0 });
    if (isSame(readYaml(rendered).value, wanted)) return rendered;
  } catch {
    // Merge keys and the like cannot be set in place: the sections are written out below.
  }
  return stringify(withKey(plain, spec.path, value), { aliasDuplicateObjects: false, lineWidth: 0 });
}

/** Replaces each alias by a copy of what it stands for, so that a change of one key is a change of that key alone. */
function unshare(document: Document): void {
  visit(document, { Alias: (_, alias) => alias.resolve(document)?.clone() as Node | undefined });
  visit(document, {
    Value: (_, node) => {
      delete node.anchor;
    },
  });
}

function canHold(root: unknown, spec: KeySpec): boolean {
  if (root === null) return true;
  if (!isMapping(root)) return false;
  const section = spec.section === "" ? undefined : root[spec.section];
  return section === undefined || section === null || isMapping(section);
}

/** A copy of an experiment's plain values in which a key, such as "mask.rate" or "seed", has another value. */
export function withKey(root: unknown, path: string, value: unknown): PlainMapping {
  const copy: PlainMapping = { ...(isMapping(root) ? root : {}) };
  const [section, name] = path.split(".") as [string, string?];
  if (name === undefined) return { ...copy, [section]: value };
  const keys = copy[section];
  return { ...copy, [section]: { ...(isMapping(keys) ? keys : {}), [name]: value } };
}

/** Equal as plain values, whatever the order of keys. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return left.length === right.length && left.every(([key, value]) => isSame(value, (b as PlainMapping)[key]));
}
