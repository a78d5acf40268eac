// Writes everything that is generated from the code, under docs/, in src/torch and in package.json: node scripts/docs.mjs, or with --check: says what is stale.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const entry = `
  import { publishedTools } from "./src/core/assistant/publish.ts";
  import { publishedExperiment } from "./src/core/experiment/publish.ts";
  import { publishedLintRules } from "./src/core/lint/publish.ts";
  import { STUDY_RULES } from "./src/core/study/rules.ts";
  import { publishedStudy } from "./src/core/study/publish.ts";
  import { publishedRunFormat, RUN_FORMAT_DOCUMENT } from "./src/core/publish/runFormat.ts";
  import { publishedTorchPackage } from "./src/core/publish/torchPackage.ts";
  export const publish = (read) => ({
    ...publishedExperiment(),
    ...publishedStudy(),
    ...publishedLintRules(STUDY_RULES),
    ...publishedRunFormat(read(RUN_FORMAT_DOCUMENT)),
    ...publishedTorchPackage(read(RUN_FORMAT_DOCUMENT)),
    ...publishedTools(read),
  });
`;
const folder = mkdtempSync(join(tmpdir(), "maskdm-docs-"));
const outfile = join(folder, "publish.mjs");
// src/core is pure: it bundles as for a browser.
await build({
  stdin: { contents: entry, resolveDir: process.cwd(), loader: "ts" },
  outfile,
  bundle: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  logLevel: "warning",
});
const { publish } = await import(pathToFileURL(outfile).href);
rmSync(folder, { recursive: true });

const read = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};
const stale = Object.entries(publish(read)).filter(([path, text]) => read(path) !== text);
if (process.argv.includes("--check")) {
  for (const [path] of stale) console.error(`${path} is stale; run: npm run docs`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [path, text] of stale) {
    writeFileSync(path, text);
    console.log(path);
  }
}
