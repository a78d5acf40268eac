/** How many problems there are of each kind. */
import { plural } from "../numbers.ts";
import type { Diagnostic } from "./diagnostic.ts";

export const numberOf = (diagnostics: readonly Diagnostic[], severity: Diagnostic["severity"]): number =>
  diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;

/** "1 error, 2 warnings"; "nothing to complain about" */
export function countsText(diagnostics: readonly Diagnostic[]): string {
  const counts = (["error", "warning", "info"] as const)
    .map((severity) => [numberOf(diagnostics, severity), severity] as const)
    .filter(([count]) => count > 0)
    .map(([count, severity]) => (severity === "info" ? `${count} info` : plural(count, severity)));
  return counts.length === 0 ? "nothing to complain about" : counts.join(", ");
}
