// Bundles all programs: node esbuild.config.mjs [FOLDER], dist by default. The trainer and its worker, the extension, its webviews.
// Native and large modules stay outside and are found in the node_modules of a folder above.
import { readdirSync, statSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { build, transform } from "esbuild";
import { trainerBuild, workerEntry } from "./scripts/trainerBuild.mjs";

const outdir = process.argv[2] ?? "dist";

const common = { bundle: true, sourcemap: "linked", logLevel: "warning", metafile: true };

const trainer = {
  ...common,
  ...trainerBuild,
  entryPoints: { maskdm: "src/trainer/main.ts", ...workerEntry },
  outdir,
};

// A module that is imported dynamically is read, compiled and evaluated when it is reached, not on activation: chunks, as above.
const extension = {
  ...common,
  entryPoints: { extension: "src/extension/extension.ts" },
  outdir,
  outExtension: { ".js": ".cjs" },
  platform: "node",
  format: "esm",
  splitting: true,
  sourcemap: "inline",
  target: "node20",
  external: ["vscode"],
  minifySyntax: true,
  write: false,
};

/** VS Code 1.95 loads CommonJS only, which esbuild does not split: each chunk is translated by itself. */
async function buildExtension() {
  const { outputFiles, metafile } = await build(extension);
  for (const { path, text } of outputFiles) {
    const name = basename(path);
    const { code, map } = await transform(text, {
      format: "cjs",
      platform: "node",
      target: "node20",
      // import() becomes require(): what is loaded are CommonJS files.
      supported: { "dynamic-import": false },
      sourcefile: name,
      sourcemap: "external",
      logLevel: "warning",
    });
    await writeFile(`${path}.map`, map);
    await writeFile(path, `${code}//# sourceMappingURL=${name}.map\n`);
    metafile.outputs[relative(".", `${path}.map`)] = {};
  }
  return { metafile };
}

// A view is a folder of webview/ with a main.ts; its style is imported there.
const views = readdirSync("webview", { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && readdirSync(`webview/${entry.name}`).includes("main.ts"))
  .map(({ name }) => ({ in: `webview/${name}/main.ts`, out: name }));
const webviews = {
  ...common,
  entryPoints: views,
  outdir: `${outdir}/webview`,
  platform: "browser",
  format: "esm",
  target: "chrome124",
  minify: true,
};

await mkdir(outdir, { recursive: true });
const built = await Promise.all([build(trainer), buildExtension(), ...(views.length === 0 ? [] : [build(webviews)])]);

// What earlier builds left is removed later, so that a program that is running finds its files.
const KEPT_MS = 3_600_000;
const written = new Set(
  built.flatMap(({ metafile }) => Object.keys(metafile.outputs)).map((path) => relative(outdir, path)),
);
for (const entry of readdirSync(outdir, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const isCompiled = entry.name.endsWith(".node");
  if (!entry.isFile() || isCompiled || written.has(relative(outdir, path))) continue;
  if (statSync(path).mtimeMs < Date.now() - KEPT_MS) await rm(path);
}
