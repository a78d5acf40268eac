/** The file's sections and key names: what is no section, unknown, misplaced or missing. */
import { isNode } from "yaml";
import type { Diagnostic, Fix, TextRange } from "../lint/diagnostic.ts";
import { describeValue, joinOr } from "./allowedValues.ts";
import type { ExperimentDocument } from "./document.ts";
import { editKeys } from "./edit.ts";
import { experimentKeys, rootNames, type SectionSpec } from "./keys.ts";
import { nearestName } from "./suggest.ts";
import type { PlainMapping } from "./yamlReader.ts";

export interface Structure {
  readonly diagnostics: Diagnostic[];
  /** known sections and keys only, as mappings of their own */
  readonly values: PlainMapping;
  /** dotted keys whose value is not known although the file means to give one */
  readonly refused: string[];
}

const SMALLEST_FILE = "data:\n  path: ./images\n";

export function structureProblems(document: ExperimentDocument, root: unknown): Structure {
  const structure: Structure = { diagnostics: [], values: {}, refused: [] };
  const report = (range: TextRange, code: string, message: string, fix: Fix | null = null): void => {
    const isKnown = structure.diagnostics.some((other) => other.code === code && isSamePlace(other, range));
    // One text may serve several sections by alias or merge key; its mistakes are told once.
    if (!isKnown) structure.diagnostics.push({ ...range, severity: "error", code, message, ...(fix ? { fix } : {}) });
  };
  if (root === null) {
    const end = document.text.length;
    const lead = end === 0 || document.text.endsWith("\n") ? "" : "\n";
    const edits = [document.lines.edit(end, end, lead + SMALLEST_FILE)];
    const fix = isNode(document.root) && document.text.trim() !== "" && /[~&!]/.test(document.text) ? null : edits;
    const message =
      "The file is empty. The smallest experiment names a folder of images: data: and, indented below it, path: ./images.";
    report(document.start(), "MDM006", message, fix && { title: "Write the smallest experiment", edits: fix });
    structure.refused.push(...experimentKeys().keys.keys());
    return structure;
  }
  if (!isMapping(root)) {
    const message = `An experiment file is made of sections (${joinOr(rootNames()).replace(" or ", " and ")}) with indented keys, but this is ${describeValue(root)}.`;
    report(document.start(), "MDM006", message);
    structure.refused.push(...experimentKeys().keys.keys());
    return structure;
  }

  const { sections, keys } = experimentKeys();
  for (const [name, value] of Object.entries(root)) {
    const section = sections.get(name);
    if (section !== undefined) readSection(document, section, value, structure, report);
    else if (keys.has(name)) takeValue(structure, structure.values, name, name, value);
    else unknownKey(document, "", name, value, Object.keys(root), structure, report);
  }
  const data = structure.values["data"];
  if (!isMapping(root["data"]) && "data" in root) return structure;
  if (isMapping(data) && "path" in data) return structure;
  if (structure.refused.includes("data.path")) return structure;
  const edits = editKeys(document, { set: { "data.path": "./images" } });
  report(
    document.locate(["data.path"]),
    "MDM011",
    "data.path is missing: it names the folder of images, for example path: ./images. It is the only key without a default.",
    edits && { title: "Add path: ./images", edits },
  );
  structure.refused.push("data.path");
  return structure;
}

type Report = (range: TextRange, code: string, message: string, fix?: Fix | null) => void;

function readSection(
  document: ExperimentDocument,
  section: SectionSpec,
  value: unknown,
  structure: Structure,
  report: Report,
): void {
  const { name } = section;
  if (!isMapping(value)) {
    const names = section.keys.map((key) => key.name);
    const example = `${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""}`;
    const range = document.valueRange(name) ?? document.start();
    structure.refused.push(...section.keys.map((key) => key.path));
    // What could not be read at all has been reported as such.
    if (value === undefined) return;
    if (value === null) {
      const removal = section.keys.some((key) => key.required) ? null : editKeys(document, { remove: [name] });
      const fix = removal && { title: `Remove the empty section ${name}`, edits: removal };
      report(
        range,
        "MDM015",
        `The section ${name} is empty: indent its keys (${example}) below it, or remove the line.`,
        fix,
      );
      return;
    }
    const glued = typeof value === "string" ? /^([a-z_]+):(\S.*)$/.exec(value) : null;
    if (glued && names.includes(glued[1]!)) {
      const edits = editKeys(document, { set: { [name]: `\n  ${glued[1]}: ${glued[2]}` } });
      const onOwnLine = document.valueRange(name)?.line !== document.keyRange(name)?.line;
      const spaced = onOwnLine ? editKeys(document, { set: { [name]: `${glued[1]}: ${glued[2]}` } }) : edits;
      report(
        range,
        "MDM012",
        `A space is missing after the colon: write ${glued[1]}: ${glued[2]}.`,
        spaced && { title: "Add the space", edits: spaced },
      );
      return;
    }
    const list = Array.isArray(value) ? " Remove the dashes." : "";
    report(
      range,
      "MDM012",
      `${name} must be a section, with keys such as ${example} indented below it, but is ${describeValue(value)}.${list}`,
    );
    return;
  }
  const known: PlainMapping = {};
  structure.values[name] = known;
  for (const [key, keyValue] of Object.entries(value)) {
    if (section.keys.some((spec) => spec.name === key)) takeValue(structure, known, key, `${name}.${key}`, keyValue);
    else unknownKey(document, name, key, keyValue, Object.keys(value), structure, report);
  }
}

/** Undefined stands for a value that could not be read (it has been reported), null for one that is not written. */
function takeValue(structure: Structure, target: PlainMapping, name: string, path: string, value: unknown): void {
  if (value === undefined) structure.refused.push(path);
  else target[name] = value;
}

function unknownKey(
  document: ExperimentDocument,
  section: string,
  name: string,
  value: unknown,
  present: readonly string[],
  structure: Structure,
  report: Report,
): void {
  const { sections, keys } = experimentKeys();
  const path = section === "" ? name : `${section}.${name}`;
  const range = document.keyRange(path) ?? document.start();
  const names = section === "" ? rootNames() : sections.get(section)!.keys.map((key) => key.name);
  const free = names.filter((candidate) => !present.includes(candidate));
  const where = section === "" ? "at the top of the file" : `in the section ${section}`;
  const shown = name === "" ? "An empty key" : JSON.stringify(name.slice(0, 40));
  const nearest = nearestName(name, free);
  const elsewhere = [...keys.values()].filter((key) => key.name === name && key.section !== section);
  if (elsewhere.length > 0 && normalised(nearest) !== normalised(name)) {
    const homes = elsewhere.map((key) => (key.section === "" ? "at the top of the file" : `in ${key.section}`));
    structure.refused.push(...elsewhere.map((key) => key.path).filter((other) => !document.isSet(other)));
    report(range, "MDM010", `There is no key ${shown} ${where}: it belongs ${joinOr(homes)}.`);
    return;
  }
  if (nearest !== null) {
    const renamed = section === "" ? nearest : `${section}.${nearest}`;
    structure.refused.push(...(sections.get(renamed)?.keys.map((key) => key.path) ?? [renamed]));
    const fix = isSimpleKey(document, path) && {
      title: `Rename to ${nearest}`,
      edits: [{ ...range, newText: nearest }],
    };
    report(range, "MDM010", `There is no key ${shown} ${where}. Did you mean ${nearest}?`, fix || null);
    return;
  }
  const cousin =
    section === "" || isMapping(value)
      ? null
      : nearestName(
          name,
          [...keys.values()].map((key) => key.name),
        );
  const home =
    cousin === null ? undefined : [...keys.values()].find((key) => key.name === cousin && key.section !== section);
  const hint = home ? ` Did you mean ${home.path}?` : ` Known here: ${names.join(", ")}.`;
  report(range, "MDM010", `There is no key ${shown} ${where}.${hint}`);
}

const normalised = (name: string | null): string | undefined => name?.toLowerCase().replaceAll(/[-_\s]/g, "");

/** Whether the key's text is the key itself, so that a rename replaces it. */
function isSimpleKey(document: ExperimentDocument, path: string): boolean {
  const place = document.find(path);
  return (
    place !== null &&
    !place.shared &&
    isNode(place.key) &&
    /^["']?[\w -]+["']?$/.test(document.text.slice(...(place.key.range?.slice(0, 2) ?? [0, 0])))
  );
}

function isSamePlace(a: TextRange, b: TextRange): boolean {
  return a.line === b.line && a.column === b.column && a.endLine === b.endLine && a.endColumn === b.endColumn;
}

function isMapping(value: unknown): value is PlainMapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
