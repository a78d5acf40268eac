/** What counts as an image, and in which order. */
import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compareBytes } from "../../../src/core/compareBytes.ts";
import { FolderSource } from "../../../src/node/images/folderSource.ts";
import { openDataset } from "../../../src/trainer/data/dataset.ts";
import { imageFiles } from "../../../src/trainer/data/imageFiles.ts";
import { dataConfig, plainPng, temporaryFolder, writeFiles } from "./testFolder.ts";

const paths = async (folder: string): Promise<string[]> =>
  (await imageFiles(new FolderSource(folder), [])).images.map(({ path }) => path);

/** Links need a privilege on Windows. */
const posix = it.skipIf(process.platform === "win32");

describe("findImages", () => {
  it("searches folders at any depth, in the byte order of the paths", async () => {
    const folder = temporaryFolder();
    const names = [
      "b.png",
      "B.png",
      "a/z.jpg",
      "a/b/c/d.gif",
      "a.png",
      "é.bmp",
      "z.tif",
      "\u{1f600}.webp",
      "\uffee.png",
    ];
    for (const name of names) writeFiles(folder, { [name]: "x" });
    const byBytes = [...names].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
    expect(await paths(folder)).toEqual(byBytes);
    // JavaScript's own order would put the emoji before the half-width circle.
    expect([...names].sort()).not.toEqual(byBytes);
  });

  it("takes extensions in any case", async () => {
    const folder = temporaryFolder();
    const names = ["a.PNG", "b.Jpg", "c.JPEG", "d.WebP", "e.GIF", "f.BMP", "g.TIF", "h.tiff"];
    for (const name of names) writeFiles(folder, { [name]: "x" });
    expect(await paths(folder)).toEqual(names);
  });

  it("leaves out hidden files and folders, other files and run folders", async () => {
    const png = await plainPng("#000000");
    const folder = writeFiles(temporaryFolder(), {
      "a.png": png,
      "._a.png": png,
      ".hidden/b.png": png,
      "notes.txt": png,
      "a.png.part": png,
      "runs/one/run.json": "{}",
      "runs/one/status.json": "{}",
      "runs/one/samples/step-1.png": png,
    });
    const found = await imageFiles(new FolderSource(folder), []);
    expect(found.images.map(({ path }) => path)).toEqual(["a.png"]);
    expect(found.found.leftOut).toEqual({ text: 1, unfinished: 1 });
  });

  it("looks into files without extension", async () => {
    const folder = writeFiles(temporaryFolder(), {
      "0001": await plainPng("#000000"),
      LICENSE: "x".repeat(99),
      short: "x",
    });
    expect(await paths(folder)).toEqual(["0001"]);
  });

  it("goes by the content, whatever the extension says", async () => {
    const base = writeFiles(temporaryFolder(), { "images/really-a-png.JPG": await plainPng("#204060") });
    const dataset = await openDataset(dataConfig(), base);
    const out = new Uint8Array(dataset.imageBytes);
    dataset.readInto(new Uint32Array([0]), out);
    expect([...out.subarray(0, 3)]).toEqual([0x20, 0x40, 0x60]);
    dataset.close();
  });

  posix("follows links, and ends where they lead in circles", async () => {
    const png = await plainPng("#000000");
    const outside = writeFiles(temporaryFolder(), { "x.png": png, "deep/y.png": png });
    const folder = writeFiles(temporaryFolder(), { "a/1.png": png, "b/2.png": png });
    symlinkSync(outside, join(folder, "linked"));
    symlinkSync(join(outside, "x.png"), join(folder, "single.png"));
    symlinkSync("..", join(folder, "a", "up"));
    symlinkSync(".", join(folder, "self"));
    symlinkSync(folder, join(outside, "back"));
    symlinkSync("../b", join(folder, "a", "sideways"));
    symlinkSync("../a", join(folder, "b", "sideways"));
    symlinkSync("circle-2.png", join(folder, "circle-1.png"));
    symlinkSync("circle-1.png", join(folder, "circle-2.png"));
    const found = await imageFiles(new FolderSource(folder), []);
    expect(found.images.map(({ path }) => path)).toEqual([
      "a/1.png",
      "b/2.png",
      "linked/deep/y.png",
      "linked/x.png",
      "single.png",
    ]);
    expect(found.unreadable).toEqual([
      { path: "circle-1.png", reason: "a link that leads back to itself" },
      { path: "circle-2.png", reason: "a link that leads back to itself" },
    ]);
  });

  posix("reads a folder once that several links name", async () => {
    const png = await plainPng("#000000");
    const folder = writeFiles(temporaryFolder(), { "real/1.png": png });
    mkdirSync(join(folder, "also"));
    symlinkSync("../real", join(folder, "also", "one"));
    symlinkSync("../real", join(folder, "also", "two"));
    expect(await paths(folder)).toEqual(["real/1.png"]);
  });

  posix("reads a data folder that is itself a link", async () => {
    const outside = writeFiles(temporaryFolder(), { "x.png": await plainPng("#000000") });
    const base = realpathSync(temporaryFolder());
    symlinkSync(outside, join(base, "images"));
    const dataset = await openDataset(dataConfig(), base);
    expect(dataset.images).toEqual([{ path: "x.png", className: null, label: 0 }]);
    dataset.close();
  });
});

describe("compareBytes", () => {
  it("agrees with a comparison of UTF-8 bytes", () => {
    const texts = [
      "",
      "a",
      "ab",
      "b",
      "Z",
      "é",
      "z\u0301",
      "\uffff",
      "\ue000",
      "\ud7ff",
      "\u{10000}",
      "\u{1f600}",
      "\u{1f601}",
    ];
    for (const a of texts) {
      for (const b of texts) {
        const expected = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect({ a, b, sign: Math.sign(compareBytes(a, b)) }).toEqual({ a, b, sign: expected });
      }
    }
  });
});

describe("labels from folders", () => {
  it("numbers the first-level folders in byte order", async () => {
    const png = await plainPng("#000000");
    const base = writeFiles(temporaryFolder(), {
      "images/zebra/1.png": png,
      "images/Ape/deep/er/2.png": png,
      "images/cat/3.png": png,
      "images/cat/4.png": png,
      "images/no images/README": "x",
    });
    const dataset = await openDataset(dataConfig({ labels: "folders" }), base);
    expect(dataset.classes).toEqual(["Ape", "cat", "zebra"]);
    expect(dataset.images).toEqual([
      { path: "Ape/deep/er/2.png", className: "Ape", label: 0 },
      { path: "cat/3.png", className: "cat", label: 1 },
      { path: "cat/4.png", className: "cat", label: 1 },
      { path: "zebra/1.png", className: "zebra", label: 2 },
    ]);
    dataset.close();
  });

  it("keeps a class's number when its images break", async () => {
    const png = await plainPng("#000000");
    const base = writeFiles(temporaryFolder(), { "images/a/1.png": "broken", "images/b/2.png": png });
    const dataset = await openDataset(dataConfig({ labels: "folders", max_broken: 0.5 }), base);
    expect(dataset.classes).toEqual(["a", "b"]);
    expect(dataset.images).toEqual([{ path: "b/2.png", className: "b", label: 1 }]);
    dataset.close();
  });

  it("gives label 0 and no classes where labels are not asked for", async () => {
    const base = writeFiles(temporaryFolder(), { "images/a/1.png": await plainPng("#000000") });
    const dataset = await openDataset(dataConfig(), base);
    expect(dataset.classes).toEqual([]);
    expect(dataset.images).toEqual([{ path: "a/1.png", className: "a", label: 0 }]);
    dataset.close();
  });
});
