/** The file's sections and key names: what is no section, unknown, misplaced or missing. */
import { isAlias } from "yaml";
import { describeValue, joinOr } from "./allowedValues.ts";
import type { Diagnostic, Fix, TextRange } from "./diagnostic.ts";
import type { ExperimentDocument } from "./document.ts";
import { editKeys } from "./edit.ts";
import { type KeySpec, type KeyTable, rootNames, type SectionSpec } from "./keys.ts";
import { explainUnknownKey, type UnknownKey } from "./unknownKeys.ts";
import { isMapping, MAX_REPORTED, type PlainMapping } from "./yamlReader.ts";

export interface Structure {
  readonly diagnostics: readonly Diagnostic[];
  /** known sections and keys only, as mappings of their own */
  readonly values: PlainMapping;
  /** dotted keys whose value is not known although the file means to give one */
  readonly refused: readonly string[];
}

/** @param root the file as plain values; in it undefined stands for what could not be read, which has been reported */
export function readStructure(table: KeyTable, document: ExperimentDocument, root: unknown): Structure {
  const reader = new StructureReader(table, document);
  reader.read(root);
  return reader;
}

class StructureReader implements Structure {
  readonly diagnostics: Diagnostic[] = [];
  readonly values: PlainMapping = {};
  readonly refused: string[] = [];

  constructor(
    private readonly table: KeyTable,
    private readonly document: ExperimentDocument,
  ) {}

  read(root: unknown): void {
    const { sections, keys } = this.table;
    if (!isMapping(root)) {
      this.refused.push(...keys.keys());
      if (root === null) this.reportEmptyFile();
      else this.reportNoMapping(root);
      return;
    }
    const present = Object.keys(root);
    for (const [name, value] of Object.entries(root)) {
      const section = sections.get(name);
      if (section !== undefined) this.readSection(section, value);
      else if (keys.get(name)?.section === "") this.take(this.values, name, name, value);
      else this.reportUnknown({ section: "", name, value, present });
    }
    for (const spec of keys.values()) if (spec.required) this.require(spec, root);
  }

  private readSection(section: SectionSpec, value: unknown): void {
    const { name, keys } = section;
    if (!isMapping(value)) {
      this.refused.push(...keys.map((key) => key.path));
      if (value !== undefined) this.reportNoSection(section, value);
      return;
    }
    const known: PlainMapping = {};
    this.values[name] = known;
    const present = Object.keys(value);
    for (const [key, keyValue] of Object.entries(value)) {
      if (keys.some((spec) => spec.name === key)) this.take(known, key, `${name}.${key}`, keyValue);
      else this.reportUnknown({ section: name, name: key, value: keyValue, present });
    }
  }

  private take(target: PlainMapping, name: string, path: string, value: unknown): void {
    if (value === undefined) this.refused.push(path);
    else target[name] = value;
  }

  /** Of a section that need not be there keys are missing only where it is. */
  private require({ path, section, name }: KeySpec, root: PlainMapping): void {
    const isThere = section === "" || section in root;
    if (isThere ? section !== "" && !isMapping(root[section]) : !this.table.sections.get(section)!.required) return;
    const values = section === "" ? this.values : this.values[section];
    if ((isMapping(values) && name in values) || this.refused.includes(path)) return;
    this.refused.push(path);
    const { example, missing } = this.table.kind.required[path]!;
    const edits = editKeys(this.document, { set: { [path]: example } });
    const fix = edits && { title: `Add ${name}: ${example}`, edits };
    this.report(this.document.locate([path]), "MDM011", `${path} is missing: ${missing}`, fix);
  }

  private reportUnknown(unknown: UnknownKey): void {
    if (this.diagnostics.length >= MAX_REPORTED) return;
    const { section, name } = unknown;
    const range = this.document.keyRange(section === "" ? [name] : [section, name]) ?? this.document.start();
    const { message, fix, meant } = explainUnknownKey(this.table, this.document, unknown);
    this.refused.push(...meant);
    this.report(range, "MDM010", message, fix);
  }

  private reportEmptyFile(): void {
    const { lines, text, root } = this.document;
    const { noun, smallest } = this.table.kind;
    const message = `The file is empty. The smallest ${noun} ${smallest.hint}`;
    // Beside an explicit null (~) nothing can be added.
    const isBlank = root === null || (!isAlias(root) && root.range?.[0] === root.range?.[1]);
    const lead = text === "" || text.endsWith("\n") ? "" : "\n";
    const edits = [lines.edit(text.length, text.length, lead + smallest.text)];
    this.report(
      this.document.start(),
      "MDM006",
      message,
      isBlank ? { title: `Write the smallest ${noun}`, edits } : null,
    );
  }

  private reportNoMapping(root: unknown): void {
    const { noun, madeOf } = this.table.kind;
    const names = madeOf(joinOr(rootNames(this.table)).replace(" or ", " and "));
    const message = `${noun === "experiment" ? "An" : "A"} ${noun} file is made of ${names}, but this is ${describeValue(root)}.`;
    this.report(this.document.start(), "MDM006", message);
  }

  private reportNoSection(section: SectionSpec, value: unknown): void {
    const { name, keys } = section;
    const range = this.document.valueRange(name) ?? this.document.start();
    const example = `${keys
      .slice(0, 3)
      .map((key) => key.name)
      .join(", ")}, …`;
    if (value === null) {
      const edits = keys.some((key) => key.required) ? null : editKeys(this.document, { remove: [name] });
      const message = `The section ${name} is empty: indent its keys (${example}) below it, or remove the line.`;
      this.report(range, "MDM015", message, edits && { title: `Remove the empty section ${name}`, edits });
      return;
    }
    if (this.reportMissingSpace(section, value, range)) return;
    const list = Array.isArray(value) ? " Remove the dashes." : "";
    const message = `${name} must be a section, with keys such as ${example} indented below it, but is ${describeValue(value)}.${list}`;
    this.report(range, "MDM012", message);
  }

  /** `rate:0.5` is a text, not a key and its value. */
  private reportMissingSpace({ name, keys }: SectionSpec, value: unknown, range: TextRange): boolean {
    const match = typeof value === "string" ? /^([a-z_]+):(\S.*)$/.exec(value) : null;
    if (match === null || !keys.some((key) => key.name === match[1])) return false;
    const text = `${match[1]}: ${match[2]}`;
    const isBelow = range.line !== this.document.keyRange(name)?.line;
    const edits = editKeys(this.document, { set: { [name]: isBelow ? text : `{${text}}` } });
    this.report(
      range,
      "MDM012",
      `A space is missing after the colon: write ${text}.`,
      edits && { title: "Add the space", edits },
    );
    return true;
  }

  private report(range: TextRange, code: string, message: string, fix: Fix | null = null): void {
    // One text may serve several sections by alias or merge key; its mistakes are told once.
    if (this.diagnostics.some((other) => other.code === code && isSamePlace(other, range))) return;
    this.diagnostics.push({ ...range, severity: "error", code, message, ...(fix ? { fix } : {}) });
  }
}

function isSamePlace(a: TextRange, b: TextRange): boolean {
  return a.line === b.line && a.column === b.column && a.endLine === b.endLine && a.endColumn === b.endColumn;
}
