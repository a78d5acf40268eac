/** What the module calls of Node-API is looked up by name on Windows: a name that is missing there fails nowhere else. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "../../../scripts/vscode/paths.ts";

const KERNELS = join(ROOT, "src/trainer/engine/native/kernels");

it("every function of Node-API that is called is looked up on Windows", () => {
  const calls = readFileSync(join(KERNELS, "addon.c"), "utf8").matchAll(/\b(napi_[a-z0-9_]+)\(/g);
  const called = new Set([...calls].map(([, name]) => name!));
  const header = readFileSync(join(KERNELS, "node_functions.h"), "utf8");
  const found = new Set([...header.matchAll(/X\((napi_[a-z0-9_]+)\)/g)].map(([, name]) => name!));
  const renamed = [...header.matchAll(/#define (napi_[a-z0-9_]+) own_(napi_[a-z0-9_]+)/g)];
  expect([...found].sort()).toEqual([...called].sort());
  expect(renamed.map(([, name]) => name!).sort()).toEqual([...called].sort());
  for (const [, name, own] of renamed) expect(own).toBe(name);
});
