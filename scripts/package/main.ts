// Makes the extension's packages, out/vsix/*.vsix: npm run package [-- --target linux-x64 --target …], all targets by default.
// A target that no compiler here makes the native backend for is not packaged, unless --without-native is given.
import { statSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { findCompiler } from "../native/compiler.ts";
import { OUT, ROOT } from "../vscode/paths.ts";
import { LIMIT_BYTES, packageTarget } from "./packageTarget.ts";
import { buildPrograms } from "./stage.ts";
import { TARGETS, targetNamed } from "./targets.ts";

const { values } = parseArgs({
  options: { target: { type: "string", multiple: true }, "without-native": { type: "boolean" } },
});
const searches = (values.target?.map(targetNamed) ?? TARGETS).map((target) => ({
  target,
  search: findCompiler(target),
}));
const able = searches.filter(({ search }) => search.found || values["without-native"]);
const programs = join(OUT, "package/dist");
if (able.length > 0) await buildPrograms(programs);
for (const { target, search } of able) {
  const file = await packageTarget(target, programs, search.found ? search.compiler : null);
  const { size } = statSync(file);
  const tooLarge = size > LIMIT_BYTES;
  const native = search.found ? "" : "  without the native backend";
  console.log(`${relative(ROOT, file)}  ${(size / 1e6).toFixed(1)} MB${native}${tooLarge ? "  TOO LARGE" : ""}`);
  if (tooLarge) process.exitCode = 1;
}
for (const { target, search } of searches) {
  if (search.found) continue;
  if (values["without-native"]) console.warn(`${target.name} has no native backend: ${search.reason}.`);
  else {
    console.error(
      `${target.name} is not packaged: ${search.reason}; --without-native packages it without that backend.`,
    );
    process.exitCode = 1;
  }
}
