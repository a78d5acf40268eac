import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

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

/** Where the result of `npm run test:NAME` is kept, relative to the repository. */
export function suiteResultFile(out: string, name: string): string {
  return join(out, "test-results", `${name}.json`);
}

/** The closing lines of a run. A run that broke off counts as one failure more. */
export function describeSuite(result: SuiteResult): { readonly text: string; readonly ok: boolean } {
  const count = (state: TestResult["state"]): number => result.tests.filter((test) => test.state === state).length;
  const failures = result.tests.filter((test) => test.state === "failed");
  const failed = failures.length + (result.complete ? 0 : 1);
  const lines = failures.map((test) => `\nFAILED ${test.title}\n${test.error ?? ""}`);
  if (!result.complete) lines.push("\nThe run broke off before its end.");
  const skipped = count("skipped");
  lines.push(`\n${count("passed")} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return { text: lines.join("\n"), ok: failed === 0 && count("passed") > 0 };
}
