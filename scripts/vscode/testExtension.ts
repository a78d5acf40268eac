// The Mocha suite inside the extension host of a real VS Code, in Chromium: npm run test:extension [-- --grep TITLE]
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { buildExtensionTests } from "./buildTests.ts";
import { findChromium, launchChromium } from "./chromium.ts";
import { fixtureWorkspace, temporaryFolder } from "./fixtureWorkspace.ts";
import { installServer } from "./install.ts";
import { OUT, ROOT } from "./paths.ts";
import { remoteUri, startServer, workbenchAddress } from "./server.ts";
import {
  CannotRun,
  describeSuite,
  readSuiteResult,
  resultOf,
  type SuiteResult,
  suiteResultFile,
  writeSuiteResult,
} from "./testResult.ts";

const LIMIT_MS = 8 * 60_000;

const { values } = parseArgs({ options: { grep: { type: "string" } } });
const resultFile = suiteResultFile(OUT, "extension");
rmSync(resultFile, { force: true });

const result = await runSuite().catch(resultOf);
writeSuiteResult(resultFile, result);
const { text, ok } = describeSuite(result);
console.log(text);
process.exit(ok ? 0 : 1);

async function runSuite(): Promise<SuiteResult> {
  const browser = await findChromium();
  if (browser.kind === "missing") throw new CannotRun(browser.reason);
  const server = await installServer();
  const runner = await buildExtensionTests();
  const data = await temporaryFolder("maskdm-vscode-");
  const workspace = await fixtureWorkspace();
  const hostResult = join(data.path, "result.json");
  let ended = false;
  let output = "";
  const running = await startServer({
    server,
    dataFolder: join(data.path, "server"),
    extensionsFolder: join(data.path, "extensions"),
    settings: {},
    smokeTest: true,
    env: {
      MASKDM_TEST_RESULT: hostResult,
      MASKDM_TEST_SERVER: "1",
      ...(values.grep === undefined ? {} : { MASKDM_TEST_GREP: values.grep }),
    },
  });
  const chromium = await launchChromium(browser.path);
  try {
    const page = await chromium.newPage();
    await page.route(
      (url) => url.hostname !== "127.0.0.1" && url.protocol.startsWith("http"),
      (route) => route.abort(),
    );
    await page.exposeFunction("codeAutomationLog", (_type: string, args: unknown[]) => {
      // What the extension host prints comes with a mark in front and, where it has styles, their arguments behind.
      const line = args.filter((argument) => typeof argument === "string").join(" ");
      output += `${line}\n`;
      if (/[✓✗]|^- /.test(line)) console.log(line.replace(/^.*?(?=[✓✗])/, ""));
    });
    await page.exposeFunction("codeAutomationExit", () => {
      ended = true;
    });
    await page.goto(
      workbenchAddress(running, workspace.path, [
        ["extensionDevelopmentPath", remoteUri(running, ROOT)],
        ["extensionTestsPath", remoteUri(running, runner)],
      ]),
    );
    const deadline = Date.now() + LIMIT_MS;
    // The file is the verdict: a process.exit inside a test would end the run with a code of 0.
    let written = readSuiteResult(hostResult);
    while (written === null && !ended && Date.now() < deadline) {
      await sleep(200);
      written = readSuiteResult(hostResult);
    }
    written ??= readSuiteResult(hostResult);
    await page.goto("about:blank");
    if (written !== null) return written;
    const why = ended ? "the extension host ended without a result" : `no result after ${LIMIT_MS / 1000} s`;
    throw new Error(`${why}\n${output.slice(-5000)}\n${running.output().slice(-2000)}`);
  } finally {
    await chromium.close();
    await running.stop();
    await workspace.remove();
    await data.remove();
  }
}
