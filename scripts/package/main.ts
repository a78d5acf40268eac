// Makes the extension's packages, out/vsix/*.vsix: npm run package [-- --target linux-x64 --target …], all targets by default
import { statSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { OUT, ROOT } from "../vscode/paths.ts";
import { LIMIT_BYTES, packageTarget } from "./packageTarget.ts";
import { buildPrograms } from "./stage.ts";
import { TARGETS, targetNamed } from "./targets.ts";

const { values } = parseArgs({ options: { target: { type: "string", multiple: true } } });
const targets = values.target?.map(targetNamed) ?? TARGETS;
const programs = join(OUT, "package/dist");
await buildPrograms(programs);
for (const target of targets) {
  const file = await packageTarget(target, programs);
  const { size } = statSync(file);
  const tooLarge = size > LIMIT_BYTES;
  console.log(`${relative(ROOT, file)}  ${(size / 1e6).toFixed(1)} MB${tooLarge ? "  TOO LARGE" : ""}`);
  if (tooLarge) process.exitCode = 1;
}
