/** What can be written where the cursor stands. Works on lines, as a text that is being typed seldom parses. */

export interface KeyContext {
  readonly kind: "key";
  /** "" at the top of the file */
  readonly section: string;
  /** keys that the section has already, the one at the cursor left out */
  readonly present: readonly string[];
  /** columns of the word at the cursor, from 0 */
  readonly start: number;
  readonly end: number;
  /** whether a colon follows the word: only the name is to be written */
  readonly hasColon: boolean;
}

export interface ValueContext {
  readonly kind: "value";
  /** dotted */
  readonly path: string;
  /** columns of the value as far as it is there, without a comment, from 0 */
  readonly start: number;
  readonly end: number;
  /** whether a space stands before it */
  readonly hasSpace: boolean;
}

export type CursorContext = KeyContext | ValueContext;

/** A line `name: value # comment`, or the beginning of one. */
const ENTRY = /^(\s*)([A-Za-z_]\w*)?(\s*:(?=\s|$|\S))?(\s*)(.*)$/;

interface Entry {
  readonly indent: number;
  readonly name: string;
  readonly hasColon: boolean;
  /** column behind the colon */
  readonly afterColon: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * @param lines of the document
 * @param line from 0
 * @param column from 0
 * @returns null in comments, within texts, and in layouts such as {a: b} that are not followed here
 */
export function cursorContext(lines: readonly string[], line: number, column: number): CursorContext | null {
  const text = lines[line] ?? "";
  const comment = commentStart(text);
  if (comment !== -1 && column > comment) return null;
  const entry = readEntry(text);
  if (entry === null) return null;
  if (entry.hasColon && column >= entry.afterColon) {
    const section = entry.indent === 0 ? "" : sectionAbove(lines, line, entry.indent);
    if (section === null || column > entry.valueEnd) return null;
    const path = section === "" ? entry.name : `${section}.${entry.name}`;
    const hasSpace = entry.valueStart > entry.afterColon;
    return { kind: "value", path, start: Math.min(entry.valueStart, column), end: entry.valueEnd, hasSpace };
  }
  const isEmpty = entry.name === "" && !entry.hasColon;
  if (isEmpty && text.slice(0, column).trim() !== "") return null;
  const indent = isEmpty ? column : entry.indent;
  if (column < indent) return null;
  const section = indent === 0 ? "" : sectionAbove(lines, line, indent);
  if (section === null) return null;
  const end = isEmpty ? column : entry.indent + entry.name.length;
  if (column > end) return null;
  return {
    kind: "key",
    section,
    present: siblings(lines, line, indent),
    start: indent,
    end,
    hasColon: entry.hasColon,
  };
}

/** Null for lines that are no entry: lists, brackets, lines in the middle of a text. */
function readEntry(text: string): Entry | null {
  const comment = commentStart(text);
  const code = comment === -1 ? text : text.slice(0, comment);
  const match = ENTRY.exec(code);
  if (match === null) return null;
  const [, indent = "", name = "", colon, space = "", value = ""] = match;
  const hasColon = colon !== undefined && name !== "";
  if (!hasColon && value.trim() !== "") return null;
  const afterColon = indent.length + name.length + (colon?.length ?? 0);
  const valueStart = afterColon + space.length;
  return {
    indent: indent.length,
    name,
    hasColon,
    afterColon,
    valueStart,
    valueEnd: valueStart + value.trimEnd().length,
  };
}

/** Column of a comment's #, which begins the line or follows a space and is not in quotes; -1 where there is none. */
export function commentStart(text: string): number {
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (/["']/.test(character) && /[\s:]/.test(text[i - 1] ?? " ")) quote = character;
    else if (character === "#" && /\s/.test(text[i - 1] ?? " ")) return i;
  }
  return -1;
}

/** The section that a line of this indentation belongs to; null where there is none at the top of the file. */
function sectionAbove(lines: readonly string[], line: number, indent: number): string | null {
  for (let i = line - 1; i >= 0; i--) {
    const entry = readEntry(lines[i]!);
    if (entry === null || entry.name === "" || entry.indent >= indent) continue;
    return entry.indent === 0 && entry.hasColon && entry.valueEnd === entry.valueStart ? entry.name : null;
  }
  return null;
}

function siblings(lines: readonly string[], line: number, indent: number): string[] {
  const names: string[] = [];
  const collect = (step: number) => {
    for (let i = line + step; i >= 0 && i < lines.length; i += step) {
      const entry = readEntry(lines[i]!);
      if (entry === null || entry.name === "") continue;
      if (entry.indent < indent) return;
      if (entry.indent === indent && entry.hasColon) names.push(entry.name);
    }
  };
  collect(-1);
  collect(1);
  return names;
}
