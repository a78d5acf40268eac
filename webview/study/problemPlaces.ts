/** Which key of the study a finding stands at. */
import type { Diagnostic } from "../../src/core/experiment/diagnostic.ts";
import type { ExperimentDocument } from "../../src/core/experiment/document.ts";
import { studySchema } from "../../src/core/study/schema.ts";

const TOP = Object.keys(studySchema.shape);

export class ProblemPlaces {
  private readonly byKey = new Map<string, Diagnostic[]>();

  /** @param axes names of the axes that have a row */
  constructor(document: ExperimentDocument, diagnostics: readonly Diagnostic[], axes: readonly string[]) {
    const places = [...TOP.map((key) => [key]), ...axes.map((name) => ["axes", name])].flatMap((path) => {
      const range = document.keyRange(path);
      return range === null ? [] : [{ path, line: range.line, column: range.column }];
    });
    // A key holds all that comes before the next one.
    places.sort((a, b) => a.line - b.line || a.column - b.column);
    for (const diagnostic of diagnostics) {
      const { line, column } = diagnostic;
      const at = places.findLast((place) => place.line < line || (place.line === line && place.column <= column));
      const key = JSON.stringify(at?.path ?? []);
      this.byKey.set(key, [...(this.byKey.get(key) ?? []), diagnostic]);
    }
  }

  of(path: readonly string[]): readonly Diagnostic[] {
    return this.byKey.get(JSON.stringify(path)) ?? [];
  }
}
