/** What is wrong with the file: beside the field concerned where there is one, else in a list of their own. */

import type { Diagnostic } from "../../src/core/experiment/diagnostic.ts";
import type { ExperimentDocument } from "../../src/core/experiment/document.ts";
import { experimentKeys } from "../../src/core/experiment/keys.ts";

/** Findings by the key they stand at, or by the section whose name they stand at; those of neither under "". */
export function problemsByKey(
  document: ExperimentDocument,
  diagnostics: readonly Diagnostic[],
): ReadonlyMap<string, readonly Diagnostic[]> {
  const keysByLine = new Map<number, { path: string; column: number; endColumn: number }[]>();
  const { keys, sections } = experimentKeys();
  for (const path of [...keys.keys(), ...sections.keys()]) {
    const key = document.keyRange(path);
    if (key === null) continue;
    const value = sections.has(path) ? null : document.valueRange(path);
    const found = { path, column: key.column, endColumn: value?.line === key.line ? value.endColumn : key.endColumn };
    keysByLine.set(key.line, [...(keysByLine.get(key.line) ?? []), found]);
    if (value !== null && value.line !== key.line) {
      keysByLine.set(value.line, [...(keysByLine.get(value.line) ?? []), { ...value, path }]);
    }
    for (const item of document.itemRanges(path)) {
      keysByLine.set(item.line, [...(keysByLine.get(item.line) ?? []), { ...item, path }]);
    }
  }
  const byKey = new Map<string, Diagnostic[]>();
  for (const diagnostic of diagnostics) {
    const { line, column } = diagnostic;
    const path = keysByLine.get(line)?.find((place) => place.column <= column && column <= place.endColumn)?.path ?? "";
    byKey.set(path, [...(byKey.get(path) ?? []), diagnostic]);
  }
  return byKey;
}
