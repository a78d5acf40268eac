// Bundles the command line and its worker. Native and large modules stay outside and are found in node_modules.
import { rm } from "node:fs/promises";
import { build } from "esbuild";

await rm("dist", { recursive: true, force: true });
await build({
  entryPoints: { maskdm: "src/trainer/main.ts", engineWorker: "src/trainer/engine/worker.ts" },
  outdir: "dist",
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "linked",
  external: ["onnxruntime-node", "sharp", "@tensorflow/*"],
  // Some CommonJS dependencies call require() at run time.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  logLevel: "warning",
});
