import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { compileBinding, findCompiler } from "../../../src/trainer/tensorflow/binding.ts";

const signal = new AbortController().signal;
const compiler = ["c++", "g++", "clang++"].find((name) => spawnSync(name, ["--version"]).status === 0);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-binding-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it("a compiler that is missing is named, with the way to one", async () => {
  vi.stubEnv("CXX", join(folder, "no-compiler"));
  await expect(findCompiler({ cwd: folder, signal })).rejects.toThrow(/no C\+\+ compiler \(.*no-compiler\): .+/);
});

it.skipIf(compiler === undefined || process.platform === "win32")("CXX may name a program with arguments", async () => {
  vi.stubEnv("CXX", ` env  ${compiler} `);
  expect(await findCompiler({ cwd: folder, signal })).toEqual(["env", compiler]);
});

it.skipIf(process.platform === "win32")("CXX may name a program whose path has blanks", async () => {
  const path = join(folder, "my compiler");
  writeFileSync(path, "#!/bin/sh\n", { mode: 0o755 });
  vi.stubEnv("CXX", path);
  expect(await findCompiler({ cwd: folder, signal })).toEqual([path]);
});

it.skipIf(compiler === undefined)("a compiler's first complaint is told", async () => {
  mkdirSync(join(folder, "binding"));
  for (const name of ["tfjs_backend.cc", "tfjs_binding.cc"]) {
    writeFileSync(join(folder, "binding", name), '#include "tensorflow/c/c_api.h"\n');
  }
  await expect(compileBinding(folder, [], [compiler!], { cwd: folder, signal })).rejects.toThrow(
    /does not compile:\n.*tensorflow\/c\/c_api\.h/,
  );
});
