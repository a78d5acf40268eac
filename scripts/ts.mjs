// Runs a TypeScript script of this repository: node scripts/ts.mjs FILE.ts [ARGUMENT…]
// It is bundled first, since Node 20 runs no TypeScript; packages stay outside the bundle.
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const entry = resolve(process.argv[2]);
// Named after what it holds: two at once do not overwrite each other's file, and an unchanged script keeps its name.
const { outputFiles } = await build({
  entryPoints: [entry],
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  sourcemap: "inline",
  outdir: resolve(root, "out/scripts"),
  write: false,
  logLevel: "warning",
});
const { mkdir, rename, writeFile } = await import("node:fs/promises");
const code = outputFiles[0].contents;
const name = createHash("sha256").update(entry).update(code).digest("hex").slice(0, 12);
const file = resolve(root, "out/scripts", `${name}.mjs`);
await mkdir(resolve(root, "out/scripts"), { recursive: true });
await writeFile(`${file}.${process.pid}`, code);
await rename(`${file}.${process.pid}`, file);
process.argv.splice(1, 2, entry);
process.setSourceMapsEnabled(true);
await import(pathToFileURL(file).href);
