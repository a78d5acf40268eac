/** All fixes of a text at once. */

import type { Diagnostic, TextEdit } from "../experiment/diagnostic.ts";
import { applyEdits, LineIndex } from "../experiment/lineIndex.ts";

/** A fix may bring up another problem that has one; it never takes more turns than this. */
const MAX_ROUNDS = 8;

/**
 * Makes the fixes of all errors and warnings, then those of what is found in the result, until nothing is left to fix. Notes
 * (severity info) stay, as they ask for nothing.
 * @param lint of the kind of file that the text is
 * @returns one edit that covers the changed part of the text, or null where there is nothing to fix
 */
export function fixAll(text: string, lint: (text: string) => readonly Diagnostic[]): TextEdit | null {
  let fixed = text;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const edits = compatibleEdits(lint(fixed));
    const next = applyEdits(fixed, edits);
    if (next === fixed) break;
    fixed = next;
  }
  return difference(text, fixed);
}

/** The edits of as many fixes as go together; of two that touch the same place, the first one's. */
function compatibleEdits(diagnostics: readonly Diagnostic[]): TextEdit[] {
  const taken: TextEdit[] = [];
  for (const { severity, fix } of diagnostics) {
    if (severity === "info" || fix === undefined) continue;
    if (fix.edits.some((edit) => taken.some((other) => touches(edit, other)))) continue;
    taken.push(...fix.edits);
  }
  return taken;
}

function touches(a: TextEdit, b: TextEdit): boolean {
  return !isBefore(a.endLine, a.endColumn, b.line, b.column) && !isBefore(b.endLine, b.endColumn, a.line, a.column);
}

const isBefore = (line: number, column: number, otherLine: number, otherColumn: number): boolean =>
  line < otherLine || (line === otherLine && column < otherColumn);

/** The smallest single edit that turns one text into the other. */
function difference(before: string, after: string): TextEdit | null {
  if (before === after) return null;
  const least = Math.min(before.length, after.length);
  let start = 0;
  while (start < least && before[start] === after[start]) start++;
  let end = 0;
  while (end < least - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return new LineIndex(before).edit(start, before.length - end, after.slice(start, after.length - end));
}
