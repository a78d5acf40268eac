/** `data.path: x`: a key written as messages and --set name it. In the file it is a section and, below it, the key. */
import { isMap, isNode, isScalar } from "yaml";
import type { Fix, TextEdit } from "./diagnostic.ts";
import { type ExperimentDocument, extent, type KeyPlace } from "./document.ts";
import { editKeys } from "./edit.ts";
import type { KeyTable } from "./keys.ts";

export interface DottedKey {
  readonly section: string;
  /** the key within the section */
  readonly name: string;
  /** dotted key that is meant; null where the section has no such key */
  readonly path: string | null;
}

/** What a name with a dot means; null where it begins with no section's name. */
export function dottedKey({ sections }: Pick<KeyTable, "sections">, text: string): DottedKey | null {
  const dot = text.indexOf(".");
  const section = text.slice(0, dot);
  const spec = dot === -1 ? undefined : sections.get(section);
  if (spec === undefined) return null;
  const path = spec.keys.some((key) => key.path === text) ? text : null;
  return { section, name: text.slice(dot + 1), path };
}

/**
 * Writes all dotted keys of a section that stand at the top of the file into the section: below it where it is there, else where
 * the first of them stands.
 */
export function nestDottedKeys(table: KeyTable, document: ExperimentDocument, section: string): Fix | null {
  const places = dottedPlaces(table, document, section);
  const names = places.map(({ name }) => name);
  if (names.length === 0 || new Set(names).size < names.length) return null;
  if (names.some((name) => document.isSet(`${section}.${name}`))) return null;
  if (!places.every(({ place }) => isOneLine(document, place))) return null;
  const edits = document.isSet(section) ? moveInto(document, section, places) : nestInPlace(document, section, places);
  return edits && { title: `Write ${names.join(", ")} below ${section}:`, edits };
}

interface DottedPlace {
  readonly name: string;
  readonly text: string;
  readonly place: KeyPlace;
}

function dottedPlaces(table: KeyTable, document: ExperimentDocument, section: string): DottedPlace[] {
  const { root } = document;
  if (!isMap(root) || root.flow === true) return [];
  return root.items.flatMap(({ key }) => {
    const text = isScalar(key) ? String(key.value) : "";
    const dotted = dottedKey(table, text);
    const place = dotted?.section === section && dotted.path !== null ? document.find([text]) : null;
    return place === null || dotted === null ? [] : [{ name: dotted.name, text, place }];
  });
}

/** Whether key and value are one line, without an anchor that others may refer to. */
function isOneLine(document: ExperimentDocument, { key, value }: KeyPlace): boolean {
  const [start, keyEnd] = extent(key);
  const end = value === null ? keyEnd : extent(value)[1];
  const { text, lines } = document;
  return end <= lines.lineEnd(start) && lines.lineStart(start) === start && !/^\s*:\s*[&!|>]/.test(text.slice(keyEnd));
}

/** What follows the key's colon: its value and the comment behind it. */
function restOfLine(document: ExperimentDocument, { key }: KeyPlace): string {
  const [start, end] = extent(key);
  return document.text.slice(end, document.lines.lineEnd(start)).replace(/^\s*:\s*/, "");
}

function moveInto(document: ExperimentDocument, section: string, places: readonly DottedPlace[]): TextEdit[] | null {
  const target = document.find(section)?.value ?? null;
  const isFlow = isMap(target) && target.flow === true;
  const value = ({ place }: DottedPlace): string =>
    isFlow ? (isNode(place.value) ? document.text.slice(...extent(place.value)) : "null") : restOfLine(document, place);
  return editKeys(document, {
    set: Object.fromEntries(places.map((dotted) => [`${section}.${dotted.name}`, value(dotted)])),
    remove: places.map(({ text }) => [text]),
  });
}

function nestInPlace(document: ExperimentDocument, section: string, places: readonly DottedPlace[]): TextEdit[] | null {
  const [first, ...others] = places;
  const { lines, text } = document;
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const [start, end] = extent(first!.place.key);
  const lineEnd = lines.lineEnd(start);
  const below = others.map(({ name, place }) => `${eol}  ${name}: ${restOfLine(document, place)}`).join("");
  const removed = editKeys(document, { remove: others.map((other) => [other.text]) });
  return (
    removed && [
      lines.edit(start, end, `${section}:${eol}  ${first!.name}`),
      ...(below === "" ? [] : [lines.edit(lineEnd, lineEnd, below)]),
      ...removed,
    ]
  );
}
