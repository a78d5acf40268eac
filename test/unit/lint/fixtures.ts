/** The experiment files under test/fixtures/experiments. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Diagnostic, Severity } from "../../../src/core/experiment/diagnostic.ts";
import type { LintFacts } from "../../../src/core/lint/facts.ts";

const ROOT = "test/fixtures/experiments";
const EXTENSION = ".maskdm.yaml";

export interface ExpectedDiagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly message: string;
  /** title of the fix */
  readonly fix?: string;
}

/** The .json beside a broken file. */
export interface Expectation {
  /** what lint is told besides the text */
  readonly facts?: LintFacts;
  readonly diagnostics: readonly ExpectedDiagnostic[];
}

export interface Fixture {
  readonly name: string;
  readonly text: string;
}

export function experimentFixtures(folder: "broken" | "good"): Fixture[] {
  return readdirSync(`${ROOT}/${folder}`)
    .filter((file) => file.endsWith(EXTENSION))
    .sort()
    .map((file) => ({
      name: file.slice(0, -EXTENSION.length),
      text: readFileSync(`${ROOT}/${folder}/${file}`, "utf8"),
    }));
}

const expectationPath = (name: string): string => `${ROOT}/broken/${name}.json`;

export function expectationOf(name: string): Expectation {
  return JSON.parse(readFileSync(expectationPath(name), "utf8")) as Expectation;
}

/** For UPDATE_EXPECTED=1: writes what lint says now, to be read and committed with the change that caused it. */
export function writeExpectation(name: string, expectation: Expectation): void {
  writeFileSync(expectationPath(name), `${JSON.stringify(expectation, null, 2)}\n`);
}

export function asExpected({ fix, ...diagnostic }: Diagnostic): ExpectedDiagnostic {
  const { code, severity, line, column, endLine, endColumn } = diagnostic;
  // The cost model is calibrated against measurements; what it predicts is tested beside it.
  const message = diagnostic.message.replace(/(?<=predicted to take )[\d.,]+ [KMGT]iB/, "… GiB");
  return { code, severity, line, column, endLine, endColumn, message, ...(fix ? { fix: fix.title } : {}) };
}
