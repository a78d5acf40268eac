// npm test: the checks, the build, the unit tests, the tests inside VS Code and those of the packaged extension, with their sum.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import * as z from "zod";
import { OUT, ROOT } from "./vscode/paths.ts";
import { describeSuite, readSuiteResult, suiteResultFile } from "./vscode/testResult.ts";

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

const vitestSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({ status: z.string(), fullName: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
const notes: string[] = [];
const required = process.env["CI"] === "true";

// Downloads wait for others most of the time: they go on beside what computes.
const prepared = beside(process.execPath, [join(ROOT, "scripts/ts.mjs"), join(ROOT, "scripts/vscode/prepare.ts")]);
// At the same time: each keeps one core busy.
const first = ["check:types", "check:style", "check:imports", "build"].map((script) => npmBeside("run", "-s", script));
if ((await Promise.all(first)).every(Boolean)) {
  await unitTests();
  await prepared;
  editorTests("extension");
  editorTests("e2e");
} else {
  count({ failed: 1 }, "The checks or the build failed: no test was run.");
}
// Told once more: thousands of lines lie between a failure and the end.
for (const note of notes) console.log(`\n${note}`);
console.log(
  `\n${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ""}`,
);
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;

async function unitTests(): Promise<void> {
  const report = join(OUT, "test-results/unit.json");
  mkdirSync(join(OUT, "test-results"), { recursive: true });
  rmSync(report, { force: true });
  const vitest = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const ok = await beside(process.execPath, [join(ROOT, "node_modules/vitest/vitest.mjs"), ...vitest]);
  try {
    const result = vitestSchema.parse(JSON.parse(readFileSync(report, "utf8")));
    // A file that cannot be loaded has no tests to count.
    const broken = result.testResults.filter(
      (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
    );
    for (const file of result.testResults) {
      const name = relative(ROOT, file.name);
      if (broken.includes(file)) notes.push(failure(name, file.message));
      for (const test of file.assertionResults.filter(({ status }) => status === "failed")) {
        notes.push(failure(`${name} › ${test.fullName}`, test.failureMessages?.join("\n") ?? ""));
      }
    }
    const failed = result.numFailedTests + broken.length;
    count({
      passed: result.numPassedTests,
      failed: ok ? failed : Math.max(failed, 1),
      skipped: result.numPendingTests,
    });
  } catch {
    count({ failed: 1 }, "The unit tests left no result.");
  }
}

/** Suites that need a browser and the VS Code server. */
function editorTests(name: "extension" | "e2e"): void {
  const file = suiteResultFile(OUT, name);
  rmSync(file, { force: true });
  const ok = npm("run", "-s", `test:${name}`);
  const result = readSuiteResult(file);
  if (result === null) {
    count({ failed: 1 }, `The tests ${name} left no result.`);
  } else if (result.notRun !== undefined) {
    count(required ? { failed: 1 } : { skipped: 1 }, `!!! The tests ${name} were NOT RUN: ${result.notRun}`);
  } else {
    for (const { state, title, error } of result.tests) {
      if (state === "failed") notes.push(failure(`${name} › ${title}`, error ?? ""));
    }
    const { failed, ...rest } = describeSuite(result).counts;
    count({ ...rest, failed: ok ? failed : Math.max(failed, 1) });
  }
}

/** A failed test with the beginning of its message. */
function failure(title: string, message: string): string {
  return `FAILED ${title}\n${message.split("\n").slice(0, 12).join("\n")}`;
}

function count(added: Partial<Totals>, note?: string): void {
  totals.passed += added.passed ?? 0;
  totals.failed += added.failed ?? 0;
  totals.skipped += added.skipped ?? 0;
  if (note !== undefined) notes.push(note);
}

function npm(...args: string[]): boolean {
  return run("npm", args, process.platform === "win32");
}

/** Runs npm beside other commands. */
function npmBeside(...args: string[]): Promise<boolean> {
  return beside("npm", args, process.platform === "win32");
}

/** @returns whether it ended well */
function beside(program: string, args: readonly string[], shell = false): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: "inherit", cwd: ROOT, shell });
    child.on("error", () => resolve(false));
    child.on("close", (code) => resolve(code === 0));
  });
}

function run(program: string, args: readonly string[], shell = false): boolean {
  return spawnSync(program, args, { stdio: "inherit", cwd: ROOT, shell }).status === 0;
}
