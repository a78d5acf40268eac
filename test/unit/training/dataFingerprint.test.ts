/** What a resume says of images that have changed: how many, and no false alarm. */
import { cpSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  changedImages,
  type DataFingerprint,
  dataFingerprint,
  type ImageList,
  imageList,
  readFingerprint,
} from "../../../src/trainer/data/dataFingerprint.ts";
import { openDataset } from "../../../src/trainer/data/dataset.ts";
import { readImageList, writeImageList } from "../../../src/trainer/run/imageListFile.ts";
import { dataConfig, plainPng, temporaryFolder, writeFiles } from "../data/testFolder.ts";

async function look(base: string): Promise<{ list: ImageList; print: DataFingerprint }> {
  const dataset = await openDataset(dataConfig(), base);
  dataset.close();
  const list = imageList(dataset);
  return { list, print: dataFingerprint(list) };
}

const threeImages = async (): Promise<string> =>
  writeFiles(temporaryFolder(), {
    "images/a.png": await plainPng("#aa0000"),
    "images/b.png": await plainPng("#00bb00"),
    "images/c.png": await plainPng("#0000cc"),
  });

describe("the fingerprint of images", () => {
  it("is that of a copy on another machine, whatever the times", async () => {
    const base = await threeImages();
    const before = await look(base);
    const copy = temporaryFolder();
    cpSync(join(base, "images"), join(copy, "images"), { recursive: true });
    utimesSync(join(copy, "images/a.png"), 1000, 1000);
    const after = await look(copy);
    expect(after.print).toEqual(before.print);
    expect(changedImages(before.print, before.list, after.print, after.list)).toBeNull();
  });

  it("tells images that were edited in place, added and removed", async () => {
    const base = await threeImages();
    const before = await look(base);
    writeFiles(base, { "images/b.png": await plainPng("#b0b0b0") });
    const edited = await look(base);
    expect(changedImages(before.print, before.list, edited.print, edited.list)).toBe('1 changed: "b.png"');
    expect(changedImages(before.print, null, edited.print, edited.list)).toBe("the same names, but other pixels");
    writeFiles(base, { "images/d.png": await plainPng("#dddddd"), "images/e.png": await plainPng("#eeeeee") });
    rmSync(join(base, "images/a.png"));
    const other = await look(base);
    expect(changedImages(before.print, before.list, other.print, other.list)).toBe(
      '2 added, such as "d.png"; 1 removed: "a.png"; 1 changed: "b.png"',
    );
    expect(changedImages(before.print, null, other.print, other.list)).toBe("3 images then, 4 now");
  });

  it("of an older checkpoint is of names alone, and raises no false alarm", async () => {
    const base = await threeImages();
    const { list, print } = await look(base);
    const old = `3 images, ${print.paths}`;
    expect(readFingerprint(old)).toBe(old);
    expect(changedImages(old, null, print, list)).toBeNull();
    expect(changedImages(`2 images, ${"0".repeat(16)}`, null, print, list)).toBe("2 images then, 3 now");
    expect(readFingerprint(undefined)).toBeNull();
    expect(readFingerprint({ other: 1 })).toBeNull();
  });

  it("names another decoder, which may round differently", async () => {
    const { list, print } = await look(await threeImages());
    const before = { ...print, pixels: "0", decoder: "sharp 0" };
    expect(changedImages(before, null, print, list)).toBe(
      `the same names, but other pixels; they were decoded by sharp 0, now by ${print.decoder}`,
    );
    expect(changedImages({ ...print, decoder: "sharp 0" }, null, print, list)).toBeNull();
  });
});

describe("the list of images in a run", () => {
  const run = mkdtempSync(join(tmpdir(), "maskdm-list-"));
  afterAll(() => rmSync(run, { recursive: true, force: true }));

  it("is read back, odd names and all; a missing one is none", async () => {
    const list: ImageList = [
      ["a\n.png", "00"],
      ["caf\udce9", "01"],
    ];
    const print = dataFingerprint(list);
    await writeImageList(run, print, list);
    expect(readImageList(run, print)).toEqual(list);
    expect(readImageList(run, { ...print, pixels: "else" })).toBeNull();
  });
});
