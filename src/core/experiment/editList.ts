/** Changes of a list that is written item below item: what stays the same keeps its text and its comments. */
import { isAlias, isMap, isNode, isSeq, type Node, type YAMLMap, type YAMLSeq } from "yaml";
import type { TextEdit } from "./diagnostic.ts";
import { type ExperimentDocument, extent } from "./document.ts";
import { yamlText } from "./yamlText.ts";

/**
 * The edit that makes a block list hold these items: between those that are the same at its beginning and at its end.
 * @param items plain values, at least one
 * @returns null where that cannot be done in place
 */
export function replaceItems(document: ExperimentDocument, list: YAMLSeq, items: readonly unknown[]): TextEdit | null {
  const old = list.items.filter((item) => isNode(item) && !isAlias(item) && !item.anchor) as Node[];
  if (items.length === 0 || old.length < list.items.length || old.length === 0) return null;
  const before = old.map((item) => comparable(item.toJSON()));
  const after = items.map(comparable);
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start++;
  let same = 0;
  while (same < most - start && before.at(-1 - same) === after.at(-1 - same)) same++;
  const gone = old.slice(start, old.length - same);
  const texts = items.slice(start, items.length - same).map(yamlText);
  const dash = dashOf(document, old[0]!);
  if (dash === null || !old.every((item) => dashOf(document, item) !== null)) return null;
  const { lines, text } = document;
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  if (gone.length > 0 && texts.length > 0) {
    const end = valueEnd(gone.at(-1)!);
    return end === null ? null : lines.edit(extent(gone[0]!)[0], end, texts.join(`${eol}${dash}`));
  }
  if (gone.length > 0) {
    const next = old[start + gone.length];
    const from = lines.lineStart(extent(gone[0]!)[0]);
    if (next !== undefined) return lines.edit(from, lines.lineStart(extent(next)[0]), "");
    // The last ones go with the line end before them, as there may be none behind.
    const end = valueEnd(gone.at(-1)!);
    return end === null ? null : lines.edit(lines.lineEnd(from - 1), lines.lineEnd(end), "");
  }
  if (start === 0) {
    const at = lines.lineStart(extent(old[0]!)[0]);
    return lines.edit(at, at, texts.map((item) => `${dash}${item}${eol}`).join(""));
  }
  const end = valueEnd(old[start - 1]!);
  if (end === null) return null;
  const at = lines.lineEnd(end);
  return lines.edit(at, at, texts.map((item) => `${eol}${dash}${item}`).join(""));
}

/** Values as text, mappings in the order of their keys' names. */
const comparable = (value: unknown): string =>
  yamlText(isMapping(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value);

const isMapping = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** "    - ", where nothing else stands before an item on its line. */
function dashOf(document: ExperimentDocument, item: Node): string | null {
  const [start] = extent(item);
  const before = document.text.slice(document.lines.lineStart(start), start);
  return /^ *- +$/.test(before) ? before : null;
}

/** End of a value's own text: of its last part, for blocks, so that comments below it are left alone. */
export function valueEnd(node: Node): number | null {
  if (isMap(node) && node.flow !== true) return lastOffset(node);
  const last = isSeq(node) && node.flow !== true ? node.items.at(-1) : null;
  return isNode(last) ? valueEnd(last) : extent(node)[1];
}

/** Where the last written value of a mapping ends. */
export function lastOffset(map: YAMLMap): number | null {
  const last = map.items.at(-1);
  if (last === undefined) return null;
  const value = isNode(last.value) ? valueEnd(last.value) : null;
  return value ?? (isNode(last.key) ? extent(last.key)[1] : null);
}
