/** Checks that hold for the diagnostics of any text. */
import { expect } from "vitest";
import type { Diagnostic, TextRange } from "../../../src/core/experiment/diagnostic.ts";
import { applyEdits } from "../../../src/core/experiment/lineIndex.ts";

/** Lines and columns lie in the text as an editor shows it: without a byte order mark, and its \r no column of their own. */
export function expectValidPositions(text: string, diagnostics: readonly Diagnostic[]): void {
  const lengths = text
    .replace(/^\ufeff/, "")
    .split("\n")
    .map((line) => line.length);
  const isInText = (line: number, column: number): boolean =>
    Number.isInteger(line) &&
    Number.isInteger(column) &&
    line >= 1 &&
    column >= 1 &&
    column <= (lengths[line - 1] ?? -1) + 1;
  const isRange = ({ line, column, endLine, endColumn }: TextRange): boolean =>
    isInText(line, column) &&
    isInText(endLine, endColumn) &&
    (endLine > line || (endLine === line && endColumn >= column));
  const wrong = diagnostics.filter(
    (diagnostic) =>
      ![diagnostic, ...(diagnostic.fix?.edits ?? [])].every(isRange) ||
      !/^MDM\d{3}$/.test(diagnostic.code) ||
      diagnostic.message.length < 10,
  );
  expect(wrong, text).toEqual([]);
}

/** The text with one diagnostic's fix applied. */
export function fixed(text: string, diagnostic: Diagnostic): string {
  return applyEdits(text.replace(/^\ufeff/, ""), diagnostic.fix?.edits ?? []);
}
