/** What is wrong with a file, as tools return it. */
import * as z from "zod";
import { type Diagnostic, formatDiagnostic } from "../experiment/diagnostic.ts";

const place = () => ({
  line: z.number().int().describe("From 1."),
  column: z.number().int().describe("From 1, in UTF-16 units."),
  endLine: z.number().int(),
  endColumn: z.number().int().describe("Exclusive."),
});

export const editSchema = () => z.object({ ...place(), newText: z.string() });

export const diagnosticSchema = () =>
  z.object({
    ...place(),
    severity: z.enum(["error", "warning", "info"]),
    code: z.string().describe("For explain_rule."),
    message: z.string(),
    fix: z
      .object({ title: z.string(), edits: z.array(editSchema()) })
      .optional()
      .describe("propose_change with fix: true makes it."),
  });

export type DiagnosticData = z.output<ReturnType<typeof diagnosticSchema>>;

export const diagnosticsData = (diagnostics: readonly Diagnostic[]): DiagnosticData[] =>
  diagnostics.map(({ line, column, endLine, endColumn, severity, code, message, fix }) => ({
    ...{ line, column, endLine, endColumn, severity, code, message },
    ...(fix === undefined ? {} : { fix: { title: fix.title, edits: fix.edits.map((edit) => ({ ...edit })) } }),
  }));

/** A line for each, with what its fix would do. */
export const problemLines = (file: string, diagnostics: readonly Diagnostic[]): string[] =>
  diagnostics.map((diagnostic) => {
    const { fix } = diagnostic;
    return `${formatDiagnostic(file, diagnostic)}${fix === undefined ? "" : ` [fix: ${fix.title}]`}`;
  });
