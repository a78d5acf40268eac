/** What lint and the parser report about a place in an experiment file. */

/** Lines and columns count from 1, in UTF-16 units as editors do; the end is exclusive. */
export interface TextRange {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface TextEdit extends TextRange {
  readonly newText: string;
}

export type Severity = "error" | "warning" | "info";

/** A change that a machine can make; its edits do not overlap and refer to the text as it was linted. */
export interface Fix {
  readonly title: string;
  readonly edits: readonly TextEdit[];
}

export interface Diagnostic extends TextRange {
  /** error: the file cannot be used; warning: it can, but hardly as meant; info: good to know */
  readonly severity: Severity;
  /** stable, see docs/lint-rules.md */
  readonly code: string;
  readonly message: string;
  readonly fix?: Fix;
}

/** One line per diagnostic, `file:line:column: severity CODE message`. */
export function formatDiagnostic(file: string, diagnostic: Diagnostic): string {
  const { line, column, severity, code, message } = diagnostic;
  return `${file}:${line}:${column}: ${severity} ${code} ${message}`;
}

/** In reading order; where two start at one place, the more severe first. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  return (
    a.line - b.line ||
    a.column - b.column ||
    SEVERITY_ORDER.indexOf(a.severity) - SEVERITY_ORDER.indexOf(b.severity) ||
    (a.code < b.code ? -1 : a.code > b.code ? 1 : 0)
  );
}

const SEVERITY_ORDER: readonly Severity[] = ["error", "warning", "info"];
