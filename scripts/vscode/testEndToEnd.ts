// The end-to-end tests, on the packaged extension in a real VS Code: npm run test:e2e [-- --grep TITLE] [--vsix FILE]
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { findCompiler } from "../native/compiler.ts";
import { packageTarget } from "../package/packageTarget.ts";
import { buildPrograms } from "../package/stage.ts";
import { ownTarget } from "../package/targets.ts";
import { buildEndToEndTests } from "./buildTests.ts";
import { findChromium } from "./chromium.ts";
import { OUT } from "./paths.ts";
import { runMocha } from "./runMocha.ts";
import {
  CannotRun,
  describeSuite,
  resultOf,
  type SuiteResult,
  suiteResultFile,
  writeSuiteResult,
} from "./testResult.ts";

const { values } = parseArgs({ options: { grep: { type: "string" }, vsix: { type: "string" } } });
const resultFile = suiteResultFile(OUT, "e2e");
rmSync(resultFile, { force: true });
// A run that is cut off in the middle leaves this behind.
writeSuiteResult(resultFile, { tests: [], complete: false });

const result = await runSuite().catch(resultOf);
writeSuiteResult(resultFile, result);
const { text, ok } = describeSuite(result);
console.log(text);
process.exit(ok ? 0 : 1);

async function runSuite(): Promise<SuiteResult> {
  const browser = await findChromium();
  if (browser.kind === "missing") throw new CannotRun(browser.reason);
  process.env["MASKDM_CHROMIUM"] = browser.path;
  process.env["MASKDM_VSIX"] = values.vsix ? resolve(values.vsix) : await packageHere();
  const files = await buildEndToEndTests();
  const tests = await runMocha({ files, grep: values.grep, timeoutMs: 120_000, onLine: (line) => console.log(line) });
  return { tests, complete: true };
}

async function packageHere(): Promise<string> {
  const target = ownTarget();
  if (!target) throw new Error(`no package is made for ${process.platform}-${process.arch}`);
  console.log(`Packaging for ${target.name} …`);
  const programs = join(OUT, "package/dist");
  await buildPrograms(programs);
  const search = findCompiler(target);
  if (!search.found) console.log(`The package has no native backend: ${search.reason}.`);
  return packageTarget(target, programs, search.found ? search.compiler : null);
}
