// Bundles the command line and its worker: node esbuild.config.mjs [FOLDER], dist by default.
// Native and large modules stay outside and are found in the node_modules of a folder above.
import { rm } from "node:fs/promises";
import { build } from "esbuild";

const outdir = process.argv[2] ?? "dist";
await rm(outdir, { recursive: true, force: true });
await build({
  entryPoints: { maskdm: "src/trainer/main.ts", engineWorker: "src/trainer/engine/worker.ts" },
  outdir,
  bundle: true,
  platform: "node",
  format: "esm",
  // Chunks: what a command imports in its action is loaded there, not at start-up. They stay beside the entry points, since
  // import.meta.url is taken as the folder of both.
  splitting: true,
  target: "node20",
  sourcemap: "linked",
  external: ["onnxruntime-node", "sharp", "@tensorflow/*"],
  // Some CommonJS dependencies call require() at run time.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  logLevel: "warning",
});
