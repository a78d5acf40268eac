// Measures all engines on this machine: npm run bench -- --help
// Bundles the driver, this project's side and its engine's worker as the trainer is shipped, then runs the driver.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { trainerBuild, workerEntry } from "../trainerBuild.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
mkdirSync(`${root}/out/bench`, { recursive: true });
// Its own, so that a run measures one program from beginning to end; within the repository, so that modules are found there.
const outdir = mkdtempSync(`${root}/out/bench/programs-`);
process.on("exit", () => rmSync(outdir, { recursive: true, force: true, maxRetries: 5 }));
await build({
  ...trainerBuild,
  absWorkingDir: root,
  entryPoints: { main: "scripts/bench/main.ts", ours: "scripts/bench/ours.ts", ...workerEntry },
  outdir,
});
const { main } = await import(pathToFileURL(`${outdir}/main.js`).href);
process.exitCode = await main({ root, bundle: outdir }, process.argv.slice(2));
