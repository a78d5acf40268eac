/** The experiment files under test/fixtures/experiments, and the studies under test/fixtures/studies. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Diagnostic, Severity } from "../../../src/core/experiment/diagnostic.ts";
import type { LintFacts } from "../../../src/core/lint/facts.ts";
import type { StudyLintFacts } from "../../../src/core/study/studyRule.ts";

const EXPERIMENTS = { root: "test/fixtures/experiments", extension: ".maskdm.yaml" };
const STUDIES = { root: "test/fixtures/studies", extension: ".maskstudy.yaml" };
type Kind = typeof EXPERIMENTS;

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
export interface Expectation<F = LintFacts> {
  /** what lint is told besides the text */
  readonly facts?: F;
  readonly diagnostics: readonly ExpectedDiagnostic[];
}

export interface Fixture {
  readonly name: string;
  readonly text: string;
}

type Folder = "broken" | "good";
export const experimentFixtures = (folder: Folder): Fixture[] => fixtures(EXPERIMENTS, folder);
export const studyFixtures = (folder: Folder): Fixture[] => fixtures(STUDIES, folder);

function fixtures({ root, extension }: Kind, folder: Folder): Fixture[] {
  return readdirSync(`${root}/${folder}`)
    .filter((file) => file.endsWith(extension))
    .sort()
    .map((file) => ({
      name: file.slice(0, -extension.length),
      text: readFileSync(`${root}/${folder}/${file}`, "utf8"),
    }));
}

/** What studies of fixtures vary, unless their expectation says another base. */
export const studyBase = (): string => readFileSync(`${STUDIES.root}/base.maskdm.yaml`, "utf8");

/** Expectations of one kind of fixtures. */
export class Expectations<F> {
  constructor(private readonly kind: Kind) {}

  of(name: string): Expectation<F> {
    return JSON.parse(readFileSync(this.path(name), "utf8")) as Expectation<F>;
  }

  /** For UPDATE_EXPECTED=1: writes what lint says now, to be read and committed with the change that caused it. */
  write(name: string, expectation: Expectation<F>): void {
    writeFileSync(this.path(name), `${JSON.stringify(expectation, null, 2)}\n`);
  }

  private path(name: string): string {
    return `${this.kind.root}/broken/${name}.json`;
  }
}

export const experimentExpectations = new Expectations<LintFacts>(EXPERIMENTS);
export const studyExpectations = new Expectations<StudyLintFacts>(STUDIES);

export function asExpected({ fix, ...diagnostic }: Diagnostic): ExpectedDiagnostic {
  const { code, severity, line, column, endLine, endColumn } = diagnostic;
  // The cost model is calibrated against measurements; what it predicts is tested beside it.
  const message = diagnostic.message.replace(/(?<=predicted to take )[\d.,]+ [KMGT]iB/, "… GiB");
  return { code, severity, line, column, endLine, endColumn, message, ...(fix ? { fix: fix.title } : {}) };
}
