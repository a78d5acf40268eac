/** The module as Node.js loads it, with the address and undefined-behaviour sanitizers. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { addressSanitizerLibrary, buildCheckedModule, type Sanitized } from "../../../scripts/native/buildSanitized.ts";
import { ownTarget } from "../../../scripts/package/targets.ts";
import { ROOT } from "../../../scripts/vscode/paths.ts";

const target = ownTarget();
const built: Sanitized =
  target?.platform === "linux"
    ? await buildCheckedModule(target.arch)
    : { found: false, reason: "a sanitizer is loaded into Node.js on Linux only" };
const library = built.found ? addressSanitizerLibrary(built.compiler) : null;
if (library === null) {
  const reason = built.found ? `${built.compiler.version} has no library that Node.js could load first` : built.reason;
  console.warn(`skipped: the module under sanitizers: ${reason}`);
}

describe.skipIf(library === null)("the module under -fsanitize=address,undefined", () => {
  it("does what it is asked for, and refuses what is no program of its own", async () => {
    if (!built.found) return;
    // Node.js itself leaves memory to the system when it ends.
    const env = { ...process.env, LD_PRELOAD: library!, ASAN_OPTIONS: "detect_leaks=0" };
    const script = [join(ROOT, "scripts/ts.mjs"), "test/unit/sanitizers/programs/module.ts", built.file];
    const { stderr } = await promisify(execFile)(process.execPath, script, { cwd: ROOT, env });
    expect(stderr).toBe("");
  });
});
