/** Changes of an experiment file's keys as text edits, so that comments and layout stay as they are. */
import { isAlias, isMap, isNode, isScalar, isSeq, type Node, parse, type YAMLMap } from "yaml";
import type { TextEdit } from "./diagnostic.ts";
import { type ExperimentDocument, extent, type KeyPath, type KeyPlace } from "./document.ts";
import { lastOffset, replaceItems, valueEnd } from "./editList.ts";
import { yamlText } from "./yamlText.ts";

/** Keys to write (YAML text each) and keys to take out. */
export interface KeyChanges {
  readonly set?: Readonly<Record<string, string>> | readonly (readonly [KeyPath, string])[] | undefined;
  readonly remove?: readonly KeyPath[] | undefined;
}

/** The edits that make these changes, or null where the text cannot be changed in place (aliases, unusual layout). */
export function editKeys(document: ExperimentDocument, changes: KeyChanges): TextEdit[] | null {
  const edits: (TextEdit | null)[] = [];
  const added = new Map<string, { section: KeyPath; entries: [name: string, value: string][] }>();
  const { set = [] } = changes;
  for (const [path, value] of Array.isArray(set) ? set : Object.entries(set)) {
    const place = document.find(path);
    if (place !== null && !place.shared) {
      edits.push(replaceValue(document, place, value));
      continue;
    }
    const [section, name] = parentOf(path);
    if (typeof name === "number") return null;
    const id = JSON.stringify(section);
    added.set(id, { section, entries: [...(added.get(id)?.entries ?? []), [yamlText(name), value]] });
  }
  const newSections: string[][] = [];
  for (const { section, entries } of added.values()) {
    const place = section.length === 0 ? null : document.find(section);
    if (section.length === 0) newSections.push(entries.map(([name, value]) => `${name}: ${value}`));
    else if (place !== null) edits.push(place.shared ? null : insertInto(document, place, entries));
    else if (typeof section !== "string" && section.length > 1) edits.push(null);
    else newSections.push([`${section}:`, ...entries.map(([name, value]) => `  ${name}: ${value}`)]);
  }
  if (newSections.length > 0) edits.push(insertAtRoot(document, newSections.flat()));
  for (const path of changes.remove ?? []) edits.push(removeKey(document, path));
  return edits.every((edit): edit is TextEdit => edit !== null) ? edits : null;
}

/** The section that a key stands in (empty: the root), and the key's own name. */
function parentOf(path: KeyPath): [section: KeyPath, name: string | number] {
  if (typeof path !== "string") return [path.slice(0, -1), path.at(-1) ?? ""];
  const dot = path.lastIndexOf(".");
  return [path.slice(0, Math.max(0, dot)), path.slice(dot + 1)];
}

function replaceValue(document: ExperimentDocument, place: KeyPlace, value: string): TextEdit | null {
  const node = place.value;
  const [start, end] = node ? extent(node) : [0, 0];
  if ((isSeq(node) || isMap(node)) && node.flow !== true) {
    const items: unknown = isSeq(node) ? parse(value) : null;
    if (isSeq(node) && Array.isArray(items)) return replaceItems(document, node, items);
    const colon = extent(place.key)[1];
    if (!/^:\s*$/.test(document.text.slice(colon, start))) return null;
    return document.lines.edit(colon + 1, valueEnd(node) ?? end, ` ${value}`);
  }
  if (node !== null && end > start) {
    if (!isScalar(node) && !isAlias(node) && !("flow" in node && node.flow === true)) return null;
    if (isScalar(node) && /^BLOCK/.test(node.type ?? "")) return null;
    // A tag or an anchor before the value would apply to the new one.
    const before = document.text.slice(place.item ? start - 1 : extent(place.key)[1], start);
    if (!(place.item ? /[\s[,]/ : /^\s*:\s*$/).test(before) || (place.item && node.anchor)) return null;
    return document.lines.edit(start, end, value);
  }
  const [, keyEnd] = extent(place.key);
  const colon = document.text.indexOf(":", keyEnd);
  if (colon === -1 || document.text.slice(keyEnd, colon).trim() !== "") return null;
  return document.lines.edit(colon + 1, colon + 1, ` ${value}`);
}

function insertInto(
  document: ExperimentDocument,
  place: KeyPlace,
  entries: readonly [string, string][],
): TextEdit | null {
  const section = place.value;
  const pairs = entries.map(([name, value]) => `${name}: ${value}`);
  if (section === null || (isScalar(section) && extent(section)[0] === extent(section)[1])) {
    const indent = indentOf(document, place.key);
    return indent === null ? null : insertLines(document, extent(place.key)[1], pairs, `${indent}  `);
  }
  if (!isMap(section)) return null;
  if (section.flow === true) return insertIntoFlow(document, section, pairs);
  const first = section.items[0]?.key;
  if (!isNode(first)) return null;
  const indent = indentOf(document, first, /^ *(- +)?$/);
  return indent === null ? null : insertAfter(document, section, pairs, indent);
}

/** New lines after the last line of a block mapping. */
function insertAfter(
  document: ExperimentDocument,
  map: YAMLMap,
  lines: readonly string[],
  indent: string,
): TextEdit | null {
  const end = lastOffset(map);
  return end === null ? null : insertLines(document, end, lines, indent);
}

/** New lines below the line that holds the offset. */
function insertLines(document: ExperimentDocument, end: number, lines: readonly string[], indent: string): TextEdit {
  const { text } = document;
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const at = document.lines.lineEnd(end > 0 && text[end - 1] === "\n" ? end - 1 : end);
  return document.lines.edit(at, at, lines.map((line) => `${eol}${indent}${line}`).join(""));
}

function insertIntoFlow(document: ExperimentDocument, map: YAMLMap, pairs: readonly string[]): TextEdit | null {
  const [start, end] = extent(map);
  if (document.text[start] !== "{") return null;
  const after = map.items.length === 0 ? start + 1 : lastOffset(map);
  if (after === null || after >= end) return null;
  const lead = map.items.length === 0 ? "" : ", ";
  return document.lines.edit(after, after, lead + pairs.join(", "));
}

function insertAtRoot(document: ExperimentDocument, lines: readonly string[]): TextEdit | null {
  const { root } = document;
  if (isMap(root) && root.items.length > 0) {
    if (root.flow === true) return null;
    const first = root.items[0]?.key;
    const indent = isNode(first) ? indentOf(document, first) : null;
    return indent === null ? null : insertAfter(document, root, lines, indent);
  }
  if (root !== null && extent(root)[1] > extent(root)[0]) return null;
  const end = document.text.length;
  const lead = end === 0 || document.text.endsWith("\n") ? "" : "\n";
  return document.lines.edit(end, end, `${lead}${lines.join("\n")}\n`);
}

/** Takes a key out; with its section, where it is the only key there. */
function removeKey(document: ExperimentDocument, path: KeyPath): TextEdit | null {
  const place = document.find(path);
  if (place === null || place.shared) return null;
  const [parent] = parentOf(path);
  const { map } = place;
  const [keyStart] = extent(place.key);
  const end = place.value === null ? lineEndOf(document, place.key) : (valueEnd(place.value) ?? keyStart);
  // An anchor in the text that goes may be used elsewhere.
  if (/[&*]/.test(document.text.slice(keyStart, end))) return null;
  if (map.flow === true) return removeFromFlow(document, place, keyStart, Math.max(end, extent(place.key)[1]));
  if (map.items.length === 1) return parent.length === 0 ? null : removeKey(document, parent);
  if (indentOf(document, place.key) === null) return null;
  const lineStart = document.lines.lineStart(keyStart);
  const stop = document.lines.lineEnd(end > 0 && document.text[end - 1] === "\n" ? end - 1 : end);
  const next = document.text.startsWith("\r\n", stop) ? stop + 2 : Math.min(stop + 1, document.text.length);
  return document.lines.edit(lineStart, next, "");
}

function removeFromFlow(document: ExperimentDocument, place: KeyPlace, keyStart: number, end: number): TextEdit | null {
  const items = place.map.items;
  const at = items.indexOf(place.pair);
  const next = items[at + 1]?.key;
  if (isNode(next)) return document.lines.edit(keyStart, extent(next)[0], "");
  const before = items[at - 1];
  if (before === undefined) return document.lines.edit(keyStart, end, "");
  const beforeValue = isNode(before.value) ? valueEnd(before.value) : null;
  const from = Math.max(beforeValue ?? 0, isNode(before.key) ? extent(before.key)[1] : 0);
  return from === 0 ? null : document.lines.edit(from, end, "");
}

/**
 * The spaces before a key that begins its line; null where something else stands before it.
 * @param lead what may stand before it; a dash counts as a space
 */
function indentOf(document: ExperimentDocument, key: Node, lead = /^ *$/): string | null {
  const [start] = extent(key);
  const before = document.text.slice(document.lines.lineStart(start), start);
  return lead.test(before) ? before.replace("-", " ") : null;
}

function lineEndOf(document: ExperimentDocument, node: Node): number {
  return document.lines.lineEnd(extent(node)[1]);
}
