import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";

const testSchema = z.strictObject({
  title: z.string(),
  state: z.enum(["passed", "failed", "skipped"]),
  durationMs: z.number(),
  error: z.string().optional(),
});

const suiteSchema = z.strictObject({
  tests: z.array(testSchema),
  /** whether the run came to its end; false where it broke off, or could not begin */
  complete: z.boolean(),
  /** why the suite could not be run at all, such as no browser; absent where it was run */
  notRun: z.string().optional(),
});

/** How one run of a Mocha suite ended. */
export type SuiteResult = z.infer<typeof suiteSchema>;
export type TestResult = z.infer<typeof testSchema>;

/** Written under a temporary name and then renamed: a result that is there is whole. */
export function writeSuiteResult(file: string, result: SuiteResult): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.part`, JSON.stringify(result, null, 2));
  renameSync(`${file}.part`, file);
}

/** @returns null where there is none, or none that can be read */
export function readSuiteResult(file: string): SuiteResult | null {
  try {
    return suiteSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null;
  }
}

/** What a suite lacks on this machine. */
export class CannotRun extends Error {}

/** The result of a suite that an error ended. */
export function resultOf(error: unknown): SuiteResult {
  if (error instanceof CannotRun) return { tests: [], complete: false, notRun: error.message };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { tests: [{ title: "the suite runs", state: "failed", durationMs: 0, error: message }], complete: true };
}

/** Where the result of `npm run test:NAME` is kept, relative to the repository. */
export function suiteResultFile(out: string, name: string): string {
  return join(out, "test-results", `${name}.json`);
}

/** The closing lines of a run and what they count. A run that broke off counts as one failure more. */
export function describeSuite(result: SuiteResult): {
  readonly text: string;
  readonly counts: { readonly passed: number; readonly failed: number; readonly skipped: number };
  readonly ok: boolean;
} {
  const count = (state: TestResult["state"]): number => result.tests.filter((test) => test.state === state).length;
  const failures = result.tests.filter((test) => test.state === "failed");
  const lines = failures.map((test) => `\nFAILED ${test.title}\n${test.error ?? ""}`);
  if (result.notRun !== undefined) lines.push(`\nNOT RUN: ${result.notRun}`);
  else if (!result.complete) lines.push("\nThe run broke off before its end.");
  const counts = {
    passed: count("passed"),
    failed: failures.length + (result.complete ? 0 : 1),
    skipped: count("skipped"),
  };
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
  lines.push(`\n${counts.passed} passed, ${counts.failed} failed${skipped}`);
  return { text: lines.join("\n"), counts, ok: counts.failed === 0 && counts.passed > 0 };
}
