// Prints "N passed, N failed" from vitest's JSON report and exits as the tests ended.
//   node .ci/summary.mjs REPORT STATUS
// STATUS is the exit code of the test command; where it failed before a test ran (types, style, imports, build), that counts as one failure.
import { readFileSync } from "node:fs";

const [, , reportFile, status] = process.argv;
const report = readReport(reportFile);
const passed = report?.numPassedTests ?? 0;
const skipped = report?.numPendingTests ?? 0;
// A file that cannot be loaded has no tests to count.
const brokenFiles = (report?.testResults ?? []).filter(
  (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
);
let failed = (report?.numFailedTests ?? 0) + brokenFiles.length;
if (failed === 0 && status !== "0") failed = 1;

if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** null where the test command ended before it wrote one */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}
