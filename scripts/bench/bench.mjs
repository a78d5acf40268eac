// Measures all engines on this machine: npm run bench -- --help
// Bundles the driver, this project's side and its engine's worker, then runs the driver.
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
// Within the repository, so that native modules are found in its node_modules.
const outdir = `${root}/out/bench`;
await build({
  absWorkingDir: root,
  entryPoints: {
    main: "scripts/bench/main.ts",
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
const { main } = await import(pathToFileURL(`${outdir}/main.js`).href);
process.exitCode = await main({ root, bundle: outdir }, process.argv.slice(2));
