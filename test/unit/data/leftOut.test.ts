/** Images under unexpected names are found; what cannot be read is counted by kind; what is to be left out is. */
import { chmodSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { leavesOutImages, leftOutText } from "../../../src/core/images/fileKinds.ts";
import { datasetFacts } from "../../../src/node/facts/datasetFacts.ts";
import { findImages } from "../../../src/node/images/findImages.ts";
import { FolderSource } from "../../../src/node/images/folderSource.ts";
import { imageFormat } from "../../../src/node/images/imageFormat.ts";
import { openDataset } from "../../../src/trainer/data/dataset.ts";
import { requireDataPath } from "../../../src/trainer/data/firstLook.ts";
import { asOrdinaryUser, dataConfig, plainPng, temporaryFolder, writeFiles } from "./testFolder.ts";

const posix = it.skipIf(process.platform === "win32");

const ftyp = (...brands: string[]): Buffer => {
  const [major = "", ...others] = brands;
  const box = Buffer.from(`....ftyp${major}\0\0\0\0${others.join("")}`, "latin1");
  box.writeUInt32BE(box.length, 0);
  return Buffer.concat([box, Buffer.alloc(64)]);
};
const bytes = (text: string): Buffer => Buffer.concat([Buffer.from(text, "latin1"), Buffer.alloc(64)]);

describe("the search", () => {
  it("takes a readable image whatever its name", async () => {
    const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: "#336699" } });
    const jpeg = await picture.clone().jpeg().toBuffer();
    const gif = await picture.clone().gif().toBuffer();
    const names = { "photo.jpg_large": jpeg, "img.0001": jpeg, "subject01.happy": gif, "0001": gif, "x.heic": jpeg };
    const folder = writeFiles(temporaryFolder(), {
      ...names,
      "apple.HEIC": await picture.clone().avif().toBuffer(),
      "grey.pgm": "P5 1 1 255 x",
      ...(process.platform === "win32" ? {} : { "get.jpg?size=large": jpeg }),
    });
    const { images, leftOut } = await findImages(new FolderSource(folder), []);
    const windows = process.platform === "win32";
    expect(images.sort()).toEqual(
      ["apple.HEIC", "grey.pgm", ...Object.keys(names), ...(windows ? [] : ["get.jpg?size=large"])].sort(),
    );
    expect(leftOut).toEqual({});
  });

  it("counts what it leaves out by kind, by first bytes before names", async () => {
    const folder = writeFiles(temporaryFolder(), {
      "a.png": await plainPng("#000000"),
      "b.heic": ftyp("mif1", "mif1", "heic"),
      b: ftyp("heic"),
      "c.cr3": ftyp("crx "),
      "c.bin": ftyp("crx "),
      "d.0001": ftyp("isom", "mp42"),
      "e.jxl": bytes("\xff\x0a"),
      "f.jp2": bytes("\0\0\0\x0cjP  \r\n"),
      "g.nef": bytes("II*\0"),
      "g.unknown": bytes("II*\0\x10\0\0\0CR\x02\0"),
      "h.psd": bytes("8BPS"),
      "i.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
      "j.tga": Buffer.alloc(99),
      "k.txt": "words",
      "k.json": "{}",
      "l.page": "<!doctype html><title>x</title>",
      "m.download": await plainPng("#000000"),
      "n.ext": "",
      "o.dat": "anything",
      BMW: "BMW is a maker of cars, and this is a text.",
      P5: "P5 is the fifth of the papers.",
      "p.orig": "version https://git-lfs.github.com/spec/v1\n",
      "q.dcm": Buffer.concat([Buffer.alloc(128), bytes("DICM")]),
    });
    const { images, leftOut } = await findImages(new FolderSource(folder), []);
    expect(images).toEqual(["a.png"]);
    expect(leftOut).toEqual({
      heic: 2,
      raw: 4,
      video: 1,
      jpegXl: 1,
      jpeg2000: 1,
      psd: 1,
      svg: 1,
      otherImage: 1,
      text: 2,
      webPage: 1,
      unfinished: 1,
      empty: 1,
      other: 3,
      lfsPointer: 1,
      dicom: 1,
    });
  });

  it("finds the same for lint, the first look and training", async () => {
    const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#336699" } })
      .jpeg()
      .toBuffer();
    const base = writeFiles(temporaryFolder(), {
      "images/a/1.jpg_large": jpeg,
      "images/b/2": jpeg,
      "images/b/3.heic": ftyp("heic"),
      "images/c/notes.txt": "x",
      "images/lost+found/4.jpg": jpeg,
      "images/masks/5.jpg": jpeg,
    });
    const config = dataConfig({ labels: "folders", ignore: ["masks"] });
    const facts = await datasetFacts(join(base, "images"), config.ignore);
    const lines: string[] = [];
    const dataset = await openDataset(config, base, { log: (line) => lines.push(line) });
    dataset.close();
    expect(dataset.images.map(({ path }) => path)).toEqual(["a/1.jpg_large", "b/2"]);
    expect(dataset.classes).toEqual(["a", "b"]);
    expect(facts).toEqual({
      exists: true,
      images: dataset.count,
      classes: dataset.classes.length,
      classNames: dataset.classes,
      leftOut: { heic: 1, text: 1 },
      ignoredByPattern: [1],
    });
    expect(lines).toEqual([...dataset.notes]);
    expect(lines).toEqual([
      "2 files left out: 1 HEIC image (not read: convert it to JPEG or AVIF, for example with heif-convert or ImageMagick), 1 text file",
      "left out by name, as no data: lost+found",
      "data.ignore leaves out 1 file or folder",
    ]);
    await requireDataPath(config, base);
    rmSync(join(base, "images/a"), { recursive: true });
    rmSync(join(base, "images/b/2"));
    const message = /holds no images \(2 files left out: 1 HEIC image .*; data\.ignore leaves some out\)/;
    await expect(requireDataPath(config, base)).rejects.toThrow(message);
    await expect(openDataset(config, base)).rejects.toThrow(message);
  });

  it("ends at a limit", async () => {
    const folder = writeFiles(temporaryFolder(), { "1.odd": "x", "2.odd": "x", "a.png": "x", "b.png": "x" });
    expect((await findImages(new FolderSource(folder), [], { entries: 4, looks: 2 })).complete).toBe(true);
    for (const limits of [{ entries: 3 }, { looks: 1 }, { images: 1 }])
      expect((await findImages(new FolderSource(folder), [], limits)).complete, JSON.stringify(limits)).toBe(false);
  });

  it("leaves out what systems and devices put among images, in any case, and names it", async () => {
    const png = await plainPng("#000000");
    const folder = writeFiles(temporaryFolder(), {
      "a.png": png,
      "@eaDir/a.png": png,
      "b/@eaDir/a.png": png,
      "__MACOSX/a.png": png,
      "System Volume Information/a.png": png,
      "#recycle/a.png": png,
      "$Recycle.Bin/a.png": png,
      "Thumbs.db": "x",
      ".Trash-1000/a.png": png,
    });
    const { images, ignoredByDefault, leftOut } = await findImages(new FolderSource(folder), []);
    expect(images).toEqual(["a.png"]);
    expect(leftOut).toEqual({});
    expect(Object.fromEntries(ignoredByDefault)).toEqual({
      "@eaDir": 2,
      __MACOSX: 1,
      "System Volume Information": 1,
      "#recycle": 1,
      "$Recycle.Bin": 1,
      "Thumbs.db": 1,
    });
  });

  posix("counts links to nowhere, and files that may not be read", async () => {
    const folder = writeFiles(temporaryFolder(), { "a.png": await plainPng("#000000"), "b.odd": "x" });
    symlinkSync("nowhere", join(folder, "c.odd"));
    symlinkSync("nowhere", join(folder, "d.png"));
    chmodSync(join(folder, "b.odd"), 0);
    const { images, leftOut } = await asOrdinaryUser(folder, () => findImages(new FolderSource(folder), []));
    expect(images.sort()).toEqual(["a.png", "d.png"]);
    expect(leftOut).toEqual({ unreadable: 1, brokenLink: 1 });
  });

  posix("passes over an unreadable folder that data.ignore names, and over lost+found by itself", async () => {
    const base = writeFiles(temporaryFolder(), { "images/a.png": await plainPng("#000000") });
    for (const name of ["lost+found", "secret", "b/secret"]) mkdirSync(join(base, "images", name), { recursive: true });
    const open = (ignore: string[]) =>
      asOrdinaryUser(base, async () => (await openDataset(dataConfig({ ignore }), base)).close());
    for (const name of ["lost+found", "secret", "b/secret"]) chmodSync(join(base, "images", name), 0);
    await expect(open([])).rejects.toThrow(
      /secret" cannot be read \(permission denied\)\. There is 1 more like it\. .* leave it out with data\.ignore: \["\/secret"\]$/,
    );
    await expect(open(["/secret"])).rejects.toThrow(/data\.ignore: \["\/secret", "b\/secret"\]$/);
    await open(["/secret", "b/secret"]);
    await open(["secret"]);
    const facts = await asOrdinaryUser(base, () => datasetFacts(join(base, "images"), ["/secret"]));
    expect(facts).toEqual({ exists: true, unreadableFolder: { path: "b/secret", reason: "permission denied" } });
    for (const name of ["lost+found", "secret", "b/secret"]) chmodSync(join(base, "images", name), 0o755);
  });
});

describe("first bytes", () => {
  it.each([
    ["P5\n# made by hand\n2 3\n255\n", "PNM"],
    ["P6 2 3 255 ", "PNM"],
    ["P1\n2 3\n", "PNM"],
    ["P7\nWIDTH 2\nHEIGHT 3\n", "PNM"],
    ["P5 is a text", null],
    ["P8 2 3 255 ", null],
    ["PNG", null],
    ["BMW makes cars, and nothing else", null],
  ])("%j: %s", (text, format) => {
    expect(imageFormat(Buffer.from(text, "latin1"))).toBe(format);
  });

  it("tell AVIF from HEIC by all brands", () => {
    expect(imageFormat(ftyp("mif1", "miaf", "avif"))).toBe("AVIF");
    expect(imageFormat(ftyp("avis", "msf1"))).toBe("AVIF");
    expect(imageFormat(ftyp("heic", "mif1"))).toBeNull();
  });
});

describe("what is said of files left out", () => {
  it("names images first, with what to do about them", () => {
    expect(leftOutText({ text: 3, jpegXl: 20 })).toBe(
      "23 files left out: 20 JPEG XL images (not read: convert them to PNG or JPEG, for example with djxl), 3 text files",
    );
    expect(leftOutText({ text: 1 })).toBe("1 file left out: 1 text file");
    expect(leftOutText({})).toBeNull();
    expect([{ text: 1 }, { text: 1, heic: 1 }, { unreadable: 1 }].map(leavesOutImages)).toEqual([false, true, true]);
  });
});
