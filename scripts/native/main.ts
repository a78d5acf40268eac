// Compiles the kernels of the native backend into dist/native: npm run native [-- --target linux-arm64 …] [--if-possible]
// --if-possible: without a compiler, or where it fails, says so and ends well; the trainer then computes with another backend.
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { ownTarget, targetNamed } from "../package/targets.ts";
import { ROOT } from "../vscode/paths.ts";
import { buildNative } from "./buildNative.ts";
import { findCompiler } from "./compiler.ts";

const { values } = parseArgs({
  options: { target: { type: "string", multiple: true }, "if-possible": { type: "boolean" } },
});
const own = ownTarget();
const targets = values.target?.map(targetNamed) ?? (own ? [own] : []);
for (const target of targets) {
  const search = findCompiler(target);
  if (!search.found) {
    console.error(`The native backend is not built: ${search.reason}.`);
    if (!values["if-possible"]) process.exitCode = 1;
    continue;
  }
  const { compiler } = search;
  try {
    const { file, compiled } = await buildNative(target, compiler, join(ROOT, "dist/native"));
    if (compiled) console.log(`${relative(ROOT, file)} by ${compiler.version}`);
  } catch (error) {
    console.error(`The native backend could not be compiled by ${compiler.version}:\n${error}`);
    if (!values["if-possible"]) process.exitCode = 1;
  }
}
