import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { checkInstallation } from "../../../src/trainer/tensorflow/checkInstallation.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-check-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A package under the name of tfjs-node that answers with a product. */
function install(product: readonly number[], more = ""): void {
  const place = join(folder, "node_modules", "@tensorflow", "tfjs-node");
  mkdirSync(place, { recursive: true });
  const functions = "tensor2d: () => 0, add: () => 0, backend: () => ({ binding: { TF_Version: '2.9.1' } })";
  const matMul = `matMul: () => ({ dataSync: () => ${JSON.stringify(product)} })`;
  writeFileSync(join(place, "index.js"), `${more}\nmodule.exports = { ${functions}, ${matMul} };\n`);
}

const check = () => checkInstallation(folder, new AbortController().signal);

it("an installation works even where Node warns about it, as Node 22 does about the functions that tfjs-node calls", async () => {
  install([14, 20, 30, 44], "process.emitWarning('it is deprecated', 'DeprecationWarning');");
  expect(await check()).toEqual({ works: true, tensorflow: "2.9.1" });
});

it("one that computes wrongly, or does not load, says so", async () => {
  install([1, 2, 3, 4]);
  expect(await check()).toEqual({ works: false, reason: "it computes wrongly (1, 2, 3, 4)" });
  install([], "throw new Error('the library is missing');");
  expect(await check()).toMatchObject({ works: false, reason: expect.stringContaining("the library is missing") });
});
