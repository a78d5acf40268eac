/**
 * How esbuild makes the trainer's programs: as they are shipped, as they are benchmarked, and as they are tested. Entry points and
 * folder are missing. They run where a folder above has node_modules: native and large modules stay outside.
 */
export const trainerBuild = {
  bundle: true,
  platform: "node",
  format: "esm",
  // Chunks: what a command imports in its action is loaded there, not at start-up. They stay beside the entry points, since
  // import.meta.url is taken as the folder of both.
  splitting: true,
  target: "node20",
  // Writes numeric constants where they are used. Bundling turns top-level const into var, which V8 would read anew each time: in
  // the random generator that doubles the time.
  minifySyntax: true,
  external: ["onnxruntime-node", "sharp", "@tensorflow/*"],
  // Some CommonJS dependencies call require() at run time.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  logLevel: "warning",
};

/** The engine's thread, which a program starts by this name from its own folder; relative to the repository. */
export const workerEntry = { engineWorker: "src/trainer/engine/worker.ts" };
