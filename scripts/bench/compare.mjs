// Compares this project's engine with eager PyTorch on this machine: node scripts/bench/compare.mjs --help
// Bundles the driver, the engine's side and the engine's worker, then runs the driver.
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
// Within the repository, so that native modules are found in its node_modules.
const outdir = `${root}/out/bench`;
await build({
  absWorkingDir: root,
  entryPoints: {
    compare: "scripts/bench/compare.ts",
    ours: "scripts/bench/ours.ts",
    engineWorker: "src/trainer/engine/worker.ts",
  },
  outdir,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  external: ["onnxruntime-node", "sharp", "@tensorflow/*"],
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  logLevel: "warning",
});
const { main } = await import(pathToFileURL(`${outdir}/compare.js`).href);
process.exitCode = await main(root, outdir, process.argv.slice(2));
