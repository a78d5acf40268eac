import type { TestResult } from "./testResult.ts";

export interface MochaRun {
  /** files of tests, built to JavaScript */
  readonly files: readonly string[];
  /** only tests whose full title matches this regular expression */
  readonly grep?: string | undefined;
  readonly timeoutMs: number;
  /** told of every test as it ends, for those who watch */
  readonly onLine: (line: string) => void;
}

/**
 * Runs Mocha in this process, with both `describe`/`it` and `suite`/`test`.
 * @throws Error where a file of tests cannot be loaded
 */
export async function runMocha(run: MochaRun): Promise<TestResult[]> {
  // Mocha is an ES module, and the extension host's bundle is CommonJS.
  const { default: Mocha } = await import("mocha");
  const mocha = new Mocha({
    ui: "bdd",
    timeout: run.timeoutMs,
    // Base prints nothing by itself: everything is told through onLine and the results.
    reporter: Mocha.reporters.Base,
    forbidOnly: process.env["CI"] === "true",
    ...(run.grep === undefined ? {} : { grep: new RegExp(run.grep) }),
  });
  mocha.ui("tdd");
  for (const file of run.files) mocha.addFile(file);
  await mocha.loadFilesAsync();

  const tests: TestResult[] = [];
  const add = (titled: Mocha.Runnable, state: TestResult["state"], error?: Error): void => {
    const title = titled.titlePath().join(" › ");
    const durationMs = titled.duration ?? 0;
    tests.push({ title, state, durationMs, ...(error === undefined ? {} : { error: error.stack ?? String(error) }) });
    run.onLine(`${MARKS[state]} ${title}${durationMs >= 100 ? ` (${durationMs} ms)` : ""}`);
    if (error) run.onLine(`  ${error.message}`);
  };
  await new Promise<void>((resolve) => {
    mocha
      .run(() => resolve())
      .on("pass", (test) => add(test, "passed"))
      // Hooks that fail come here as well.
      .on("fail", (test, error: Error) => add(test, "failed", error))
      .on("pending", (test) => add(test, "skipped"));
  });
  return tests;
}

const MARKS: Readonly<Record<TestResult["state"], string>> = { passed: "✓", failed: "✗", skipped: "-" };
