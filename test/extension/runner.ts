import { readdirSync } from "node:fs";
import { join } from "node:path";
import { runMocha } from "../../scripts/vscode/runMocha.ts";
import { type SuiteResult, writeSuiteResult } from "../../scripts/vscode/testResult.ts";

/**
 * Runs the suite inside the extension host. The editor calls it (extensionTestsPath).
 * @throws Error where a test fails, which the desktop editor turns into its exit code
 */
export async function run(): Promise<void> {
  const resultFile = process.env["MASKDM_TEST_RESULT"];
  if (resultFile === undefined) throw new Error("MASKDM_TEST_RESULT does not name the file for the result");
  const suite = join(__dirname, "suite");
  const files = readdirSync(suite).filter((name) => name.endsWith(".test.cjs"));
  const result: SuiteResult = { tests: [], complete: false };
  try {
    result.tests = await runMocha({
      files: files.sort().map((name) => join(suite, name)),
      grep: process.env["MASKDM_TEST_GREP"],
      timeoutMs: 20_000,
      onLine: (line) => console.log(line),
    });
    result.complete = true;
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    result.tests = [{ title: "the files of tests load", state: "failed", durationMs: 0, error: message }];
    throw error;
  } finally {
    writeSuiteResult(resultFile, result);
  }
  if (result.tests.some((test) => test.state === "failed")) throw new Error("tests failed");
}
