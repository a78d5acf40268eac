import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { OUT, ROOT } from "./paths.ts";

/** Those that are no JavaScript alone, or that have to be the very ones of the process they run in. */
const EXTERNAL = ["vscode", "mocha", "sharp", "onnxruntime-node", "@tensorflow/*", "playwright-core", "esbuild"];

/**
 * Bundles the Mocha suite of the extension host and its runner, as CommonJS, into a folder of its own.
 * @returns the runner's file, which exports `run`
 */
export async function buildExtensionTests(): Promise<string> {
  const outdir = join(OUT, "test/extension");
  await rm(outdir, { recursive: true, force: true });
  await build({
    entryPoints: [
      { in: join(ROOT, "test/extension/runner.ts"), out: "runner" },
      ...(await testFiles("test/extension/suite")).map((file) => ({ in: file, out: `suite/${basename(file, ".ts")}` })),
    ],
    outdir,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    // package.json says that .js is an ES module.
    outExtension: { ".js": ".cjs" },
    sourcemap: "inline",
    external: EXTERNAL,
    define: { "import.meta.url": "__moduleUrl" },
    banner: { js: 'const __moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
    logLevel: "warning",
  });
  return join(outdir, "runner.cjs");
}

/**
 * Bundles the end-to-end tests.
 * @returns their files
 */
export async function buildEndToEndTests(): Promise<string[]> {
  const outdir = join(OUT, "test/e2e");
  await rm(outdir, { recursive: true, force: true });
  const files = await testFiles("test/e2e");
  await build({
    entryPoints: files.map((file) => ({ in: file, out: basename(file, ".ts") })),
    outdir,
    bundle: true,
    platform: "node",
    format: "esm",
    splitting: true,
    target: "node20",
    outExtension: { ".js": ".mjs" },
    sourcemap: "inline",
    packages: "external",
    logLevel: "warning",
  });
  return files.map((file) => join(outdir, `${basename(file, ".ts")}.mjs`));
}

async function testFiles(folder: string): Promise<string[]> {
  const names = (await readdir(join(ROOT, folder))).filter((name) => name.endsWith(".test.ts")).sort();
  if (names.length === 0) throw new Error(`there are no tests in ${folder}`);
  return names.map((name) => join(ROOT, folder, name));
}
