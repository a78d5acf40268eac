// The Mocha suite inside a desktop VS Code, which is downloaded once: npm run test:desktop [-- --grep TITLE] [--version 1.95.0]
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { runTests } from "@vscode/test-electron";
import { buildExtensionTests } from "./buildTests.ts";
import { fixtureWorkspace } from "./fixtureWorkspace.ts";
import { CACHE, OUT, ROOT } from "./paths.ts";
import { describeSuite, readSuiteResult, suiteResultFile } from "./testResult.ts";

const { values } = parseArgs({ options: { grep: { type: "string" }, version: { type: "string", default: "stable" } } });
const resultFile = suiteResultFile(OUT, "desktop");
rmSync(resultFile, { force: true });
const runner = await buildExtensionTests();
const workspace = await fixtureWorkspace();
try {
  await runTests({
    version: values.version,
    cachePath: CACHE,
    extensionDevelopmentPath: ROOT,
    extensionTestsPath: runner,
    extensionTestsEnv: { MASKDM_TEST_RESULT: resultFile, MASKDM_TEST_GREP: values.grep },
    launchArgs: [workspace.path, "--disable-extensions", "--disable-workspace-trust", "--disable-gpu"],
  });
} catch (error) {
  // The result says what failed; without one it is VS Code itself that did not start.
  if (readSuiteResult(resultFile) === null) {
    console.error(`VS Code could not be run: ${error instanceof Error ? error.message : error}`);
  }
} finally {
  await workspace.remove();
}
const { text, ok } = describeSuite(readSuiteResult(resultFile) ?? { tests: [], complete: false });
console.log(text);
process.exit(ok ? 0 : 1);
