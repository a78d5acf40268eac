import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { imagePlaces } from "../../../src/extension/newExperiment/imagePlaces.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-folders-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), "");
  }
}

const found = async () => (await imagePlaces(folder)).map(({ label, images }) => `${label} ${images}`);

it("finds folders of images, those with most first, class folders under the one above them", async () => {
  write("a/1.png", "b/cats/1.png", "b/cats/2.JPG", "b/dogs/1.webp", "c/readme.txt", "notes.txt");
  expect(await found()).toEqual(["b 3", "b/cats 2", "a 1", "b/dogs 1"]);
});

it("names the folder itself where images lie in it", async () => {
  write("1.png", "sub/2.png");
  expect(await found()).toEqual([". 2"]);
});

it("looks neither into runs nor into hidden folders, and finds nothing where there is nothing", async () => {
  write("runs/r/samples/1.png", ".maskdm/cache/1.png", "node_modules/x/1.png", "lost+found/1.png");
  expect(await found()).toEqual([]);
  expect(await imagePlaces(join(folder, "missing"))).toEqual([]);
});
