/** Offsets of a text to lines and columns, and back. */
import type { TextEdit, TextRange } from "./diagnostic.ts";

/** Lines end with \n (a \r before it belongs to the line end); lines and columns count from 1. */
export class LineIndex {
  private readonly starts: number[] = [0];

  constructor(readonly text: string) {
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.starts.push(at + 1);
  }

  get lineCount(): number {
    return this.starts.length;
  }

  /** Offsets outside the text are moved to its nearest end. */
  position(offset: number): { line: number; column: number } {
    const at = Math.min(Math.max(offset, 0), this.text.length);
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - this.starts[low]! + 1 };
  }

  offset(line: number, column: number): number {
    return (this.starts[line - 1] ?? this.text.length) + column - 1;
  }

  /** Offset of the first character of the line that holds `offset`. */
  lineStart(offset: number): number {
    return this.offset(this.position(offset).line, 1);
  }

  /** Offset of the line end (before \r\n or \n) of the line that holds `offset`. */
  lineEnd(offset: number): number {
    const { line } = this.position(offset);
    const next = this.starts[line];
    if (next === undefined) return this.text.length;
    return this.text[next - 2] === "\r" ? next - 2 : next - 1;
  }

  range(start: number, end: number): TextRange {
    const from = this.position(start);
    const to = this.position(Math.max(start, end));
    return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
  }

  /** The part of [start, end) on its first line, so that an underline stays short. */
  firstLineRange(start: number, end: number): TextRange {
    return this.range(start, Math.min(end, Math.max(start, this.lineEnd(start))));
  }

  edit(start: number, end: number, newText: string): TextEdit {
    return { ...this.range(start, end), newText };
  }
}

/** The text after edits that do not overlap; insertions at one place keep their order. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const lines = new LineIndex(text);
  const placed = edits
    .map((edit, order) => ({
      start: lines.offset(edit.line, edit.column),
      end: lines.offset(edit.endLine, edit.endColumn),
      newText: edit.newText,
      order,
    }))
    .sort((a, b) => b.start - a.start || b.order - a.order);
  let result = text;
  for (const { start, end, newText } of placed) result = result.slice(0, start) + newText + result.slice(end);
  return result;
}
