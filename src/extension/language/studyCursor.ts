/** What can be written where the cursor stands in a study file. Works on lines, as a text that is being typed seldom parses. */
import { type CursorContext, commentStart, cursorContext } from "./cursorContext.ts";

interface Place {
  /** columns of the word or value at the cursor, from 0 */
  readonly start: number;
  readonly end: number;
}

/** The name of a key that varies: an axis of its own, or one of several that vary together. */
export interface AxisKeyContext extends Place {
  readonly kind: "axisKey";
  /** whether it is one of the keys of a point */
  readonly inPoint: boolean;
  readonly hasColon: boolean;
  /** keys that stand beside it */
  readonly present: readonly string[];
}

/** A key of a range {from, to, count, scale}. */
export interface RangeKeyContext extends Place {
  readonly kind: "rangeKey";
  readonly hasColon: boolean;
  readonly present: readonly string[];
}

/** One value of a key that varies. */
export interface PointContext extends Place {
  readonly kind: "point";
  readonly key: string;
}

/** All points of an axis, which is still to be begun. */
export interface AxisContext extends Place {
  readonly kind: "axis";
  readonly key: string;
  readonly hasSpace: boolean;
}

export type StudyCursor = CursorContext | AxisKeyContext | RangeKeyContext | PointContext | AxisContext;

/**
 * @param lines of the document
 * @param line from 0
 * @param column from 0
 */
export function studyCursor(lines: readonly string[], line: number, column: number): StudyCursor | null {
  const text = lines[line] ?? "";
  const comment = commentStart(text);
  if (comment !== -1 && column > comment) return null;
  const top = /^axes\s*:/.exec(text)?.[0].length ?? 0;
  const isInside = top > 0 ? column > top && /[{[]/.test(text.slice(top, column)) : isBelowAxes(lines, line, column);
  if (!isInside) return cursorContext(lines, line, column);
  const code = comment === -1 ? text : text.slice(0, comment);
  return inBrackets(code, top, column) ?? inLines(lines, line, code, column);
}

/** Whether a line is indented below `axes:`. */
function isBelowAxes(lines: readonly string[], line: number, column: number): boolean {
  const text = lines[line] ?? "";
  if (/^[^\s#]/.test(text) || (text.trim() === "" && column === 0)) return false;
  for (let i = line - 1; i >= 0; i--) {
    const above = lines[i]!;
    if (/^[^\s#]/.test(above)) return /^axes\s*:/.test(above);
  }
  return false;
}

/** Within {…} or […] that stand on the line. */
function inBrackets(code: string, top: number, column: number): StudyCursor | null {
  const open: number[] = [];
  for (let i = top; i < column; i++) {
    if (/[{[]/.test(code[i]!)) open.push(i);
    else if (/[}\]]/.test(code[i]!)) open.pop();
  }
  const bracket = open.at(-1);
  if (bracket === undefined) return null;
  const [before, inner] = [code.slice(top, bracket), code.slice(bracket + 1, column)];
  const from = bracket + 1 + inner.lastIndexOf(",") + 1;
  const start = from + (/^\s*/.exec(code.slice(from, column))?.[0].length ?? 0);
  const end = column + (/^[\w.+-]*/.exec(code.slice(column))?.[0].length ?? 0);
  const owner = /([\w.]+)\s*:\s*$/.exec(before)?.[1];
  if (code[bracket] === "[") return owner === undefined ? null : { kind: "point", key: owner, start, end };
  const entry = /^([\w.]+)\s*:\s*/.exec(code.slice(start, column));
  const present = [...code.slice(bracket).matchAll(/([\w.]+)\s*:/g)].map((match) => match[1]!);
  const hasColon = /^\s*:/.test(code.slice(end));
  const isRange = owner !== undefined;
  if (entry === null) {
    const others = present.filter((name) => name !== code.slice(start, end));
    return isRange
      ? { kind: "rangeKey", hasColon, present: others, start, end }
      : { kind: "axisKey", inPoint: before.trim() !== "", hasColon, present: others, start, end };
  }
  const valueStart = start + entry[0].length;
  // In axes: {…} what follows a key is an axis.
  if (before.trim() === "" && top > 0) return { kind: "axis", key: entry[1]!, hasSpace: true, start: valueStart, end };
  return isRange ? null : { kind: "point", key: entry[1]!, start: valueStart, end };
}

/** In lines of their own: keys, dashes and values. */
function inLines(lines: readonly string[], line: number, code: string, column: number): StudyCursor | null {
  const match = /^(\s*)(-\s+|-$)?([\w.]*)(\s*:)?(\s*)/.exec(code)!;
  const [, indent = "", dash = "", name = "", colon = "", space = ""] = match;
  const start = indent.length + dash.length;
  const nameEnd = start + name.length;
  const parent = above(lines, line, indent.length);
  if (colon !== "" && column >= nameEnd + colon.length) {
    const valueStart = Math.min(nameEnd + colon.length + space.length, column);
    const place = { start: valueStart, end: Math.max(column, code.trimEnd().length) };
    if (dash !== "" || parent?.isPoint === true) return { kind: "point", key: name, ...place };
    return parent === null ? { kind: "axis", key: name, hasSpace: space !== "", ...place } : null;
  }
  if (column < start || column > Math.max(nameEnd, code.trimEnd().length)) {
    if (name !== "" || dash !== "") return null;
  }
  const at = name === "" ? { start: Math.max(column, start), end: Math.max(column, start) } : { start, end: nameEnd };
  const present = siblings(lines, line, start);
  const hasColon = colon !== "";
  if (dash !== "") {
    const key = parent?.name ?? "";
    return key.includes(".") && !hasColon
      ? { kind: "point", key, ...at }
      : { kind: "axisKey", inPoint: true, hasColon, present: [], ...at };
  }
  if (parent === null) return { kind: "axisKey", inPoint: false, hasColon, present, ...at };
  return parent.isPoint
    ? { kind: "axisKey", inPoint: true, hasColon, present, ...at }
    : { kind: "rangeKey", hasColon, present, ...at };
}

/** The axis, or the point of one, that a line belongs to; null: it is an axis itself. */
function above(lines: readonly string[], line: number, indent: number): { name: string; isPoint: boolean } | null {
  for (let i = line - 1; i >= 0; i--) {
    const text = lines[i]!;
    const [, own = "", dash = "", name = ""] = /^(\s*)(-\s+)?([\w.]*)/.exec(text)!;
    if (text.trim() === "" || own.length >= indent) continue;
    if (own.length === 0) return null;
    return { name, isPoint: dash !== "" };
  }
  return null;
}

function siblings(lines: readonly string[], line: number, start: number): string[] {
  const names: string[] = [];
  for (const step of [-1, 1]) {
    for (let i = line + step; i >= 0 && i < lines.length; i += step) {
      const [, indent = "", name = ""] = /^([\s-]*)([\w.]*)/.exec(lines[i]!)!;
      if (lines[i]!.trim() === "" || indent.length > start) continue;
      if (indent.length < start) break;
      if (name !== "") names.push(name);
    }
  }
  return names;
}
