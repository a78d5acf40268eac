/** Images in archives are those of the folders that were packed; what is wrong with an archive is said with what to do. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { DataConfig } from "../../../src/core/experiment/schema.ts";
import { datasetFacts } from "../../../src/node/facts/datasetFacts.ts";
import { openDataset } from "../../../src/trainer/data/dataset.ts";
import { requireDataPath } from "../../../src/trainer/data/firstLook.ts";
import { type Files, filesBelow, parquetOf, tarOf, zipOf } from "./archiveFiles.ts";
import { dataConfig, gradient, plainPng, rgbImage, temporaryFolder, writeFiles } from "./testFolder.ts";

let images: string[];
const made: Record<string, Buffer> = {};
beforeAll(async () => {
  const colours = Array.from({ length: 12 }, (_, i) => `#${(i * 0x0f1503 + 0x100000).toString(16).padStart(6, "0")}`);
  for (const [i, colour] of colours.entries())
    made[`${i % 3 === 0 ? "cats" : "dögs/old"}/${i}.png`] = await plainPng(colour);
  made["cats/wide.jpg"] = await rgbImage(gradient(20, 9), 20, 9).jpeg().toBuffer();
  made["cats/no extension"] = await plainPng("#abcdef");
  made["cats/notes.txt"] = Buffer.from("a text");
  made["cats/broken.png"] = made["cats/0.png"]!.subarray(0, 30);
  made[".hidden/x.png"] = made["cats/0.png"]!;
  made["__MACOSX/cats/0.png"] = made["cats/0.png"]!;
  images = Object.keys(made);
});

const within = (folder: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`${folder}/${path}`, bytes]));

/** Everything that training sees of the images, and what is said of them. */
async function opened(base: string, path: string, changes: Partial<DataConfig> = {}) {
  const lines: string[] = [];
  const config = dataConfig({ path, max_broken: 0.5, ...changes });
  const dataset = await openDataset(config, base, { log: (line) => void lines.push(line) });
  const pixels = new Uint8Array(dataset.count * dataset.imageBytes);
  dataset.readInto(
    Uint32Array.from({ length: dataset.count }, (_, i) => i),
    pixels,
  );
  const { close, readInto, heldOut, ...rest } = dataset;
  close();
  return { ...rest, heldOut: heldOut.images, pixels, lines };
}

const CONDITIONAL: Partial<DataConfig> = { labels: "folders", holdout: 0.3, ignore: ["1.png"] };

describe("a packed folder is the folder", () => {
  it.each([
    ["zip, deflated", "photos.zip", (files: Files) => zipOf(files)],
    ["zip, stored", "photos.zip", (files: Files) => zipOf(files, { deflate: false })],
    ["zip64", "photos.zip", (files: Files) => zipOf(files, { zip64: true })],
    ["zip around the folder", "photos.zip", (files: Files) => zipOf(within("photos", files))],
    ["zip under another name", "backup", (files: Files) => zipOf(files)],
    ["tar", "photos.tar", (files: Files) => tarOf(files)],
    ["tar of .", "photos.tar", (files: Files) => tarOf(within(".", files))],
    ["tar around the folder", "photos.tar", (files: Files) => tarOf(within("photos", files))],
  ])("%s", async (_, name, pack) => {
    const base = writeFiles(temporaryFolder(), within("photos", made));
    const folder = await opened(base, "photos", CONDITIONAL);
    expect(folder.images.length).toBeGreaterThan(5);
    expect(folder.heldOut.length).toBeGreaterThan(0);
    expect(folder.classes).toEqual(["cats", "dögs"]);
    writeFileSync(join(base, name), pack(filesBelow(join(base, "photos"))));
    const archive = await opened(base, name, CONDITIONAL);
    expect(archive).toEqual(folder);
    const facts = await datasetFacts(join(base, "photos"), ["1.png"]);
    expect(await datasetFacts(join(base, name), ["1.png"])).toEqual({ ...facts, noun: "archive" });
  });

  it("takes names of 250 bytes and hard links of a tar, and no links that lead elsewhere", async () => {
    const long = `${"deep/".repeat(40)}${"x".repeat(40)}.png`;
    const base = temporaryFolder();
    const image = made["cats/0.png"]!;
    writeFileSync(
      join(base, "a.tar"),
      tarOf({ [long]: image, "c.png": image }, { "b.png": "c.png", "d.png": "../e.png" }),
    );
    const found = await opened(base, "a.tar");
    expect(found.images.map(({ path }) => path)).toEqual(["b.png", "c.png", long]);
    expect(found.broken).toEqual([
      { path: "d.png", reason: "cannot be read (a link, which is not followed in an archive)" },
    ]);
  });
});

describe("the cache", () => {
  const count = (lines: readonly string[]): string => lines.filter((line) => line.startsWith("image cache")).join("\n");

  it("decodes nothing twice, and what has changed in an archive that was replaced", async () => {
    const base = temporaryFolder();
    const archive = join(base, "photos.zip");
    writeFileSync(archive, zipOf(made));
    const first = await opened(base, "photos.zip");
    expect(count((await opened(base, "photos.zip")).lines)).toBe("");
    // The same images once more: they are read, but not decoded.
    writeFileSync(`${archive}.new`, zipOf(made, { deflate: false }));
    renameSync(`${archive}.new`, archive);
    const same = await opened(base, "photos.zip");
    expect(count(same.lines)).toMatch(/have another time or inode/);
    expect(same.pixelDigests).toBe(first.pixelDigests);
    const { "cats/0.png": _, ...rest } = made;
    writeFileSync(`${archive}.new`, zipOf({ ...rest, "cats/3.png": await plainPng("#654321") }));
    renameSync(`${archive}.new`, archive);
    const changed = await opened(base, "photos.zip");
    expect(changed.images.length).toBe(first.images.length - 1);
    expect(changed.pixelDigests).not.toBe(first.pixelDigests);
  });
});

describe("WebDataset", () => {
  const samples = (from: number, to: number): Files =>
    Object.fromEntries(
      Array.from({ length: to - from }, (_, i) => String(from + i).padStart(4, "0")).flatMap((key, i) => [
        [`${key}.png`, made[images[i]!]!],
        [`${key}.cls`, `${10 - (i % 3)}\n`],
        [`${key}.json`, "{}"],
      ]),
    );

  it("takes classes from .cls, and several shards by a pattern or their folder", async () => {
    const base = temporaryFolder();
    mkdirSync(join(base, "shards"));
    for (let i = 0; i < 3; i++)
      writeFileSync(join(base, "shards", `part-00${i}.tar`), tarOf(samples(4 * i, 4 * i + 4)));
    const one = await opened(base, "shards/part-000.tar", { labels: "folders" });
    expect(one.classes).toEqual(["8", "9", "10"]);
    expect(one.images.map(({ path, className, label }) => [path, className, label])).toEqual([
      ["0000.png", "10", 2],
      ["0001.png", "9", 1],
      ["0002.png", "8", 0],
      ["0003.png", "10", 2],
    ]);
    expect(one.notes).toEqual(["4 files left out: 4 text files"]);
    for (const path of ["shards/part-{000..002}.tar", "shards/part-*.tar", "shards"]) {
      const all = await opened(base, path, { labels: "folders" });
      expect(all.classes).toEqual(one.classes);
      expect(all.images.map(({ path }) => path).slice(3, 5)).toEqual([
        "part-000.tar/0003.png",
        "part-001.tar/0004.png",
      ]);
      expect(all.count).toBe(12);
    }
    await expect(opened(base, "shards/part-{000..003}.tar")).rejects.toThrow(
      /there is no "part-003.tar" among its files/,
    );
    await expect(opened(base, "shards/none-*.tar")).rejects.toThrow(/no file matches the pattern/);
    writeFileSync(join(base, "shards", "test-000.tar"), tarOf(samples(0, 1)));
    await expect(opened(base, "shards")).rejects.toThrow(/may not belong together: "part-\*.tar", "test-\*.tar"/);
  });

  it("counts labels without an image, and names one that is none", async () => {
    const base = temporaryFolder();
    writeFileSync(join(base, "a.tar"), tarOf({ ...samples(0, 2), "lonely.cls": "3" }));
    expect((await opened(base, "a.tar")).notes).toEqual(["3 files left out: 2 text files, 1 label without an image"]);
    writeFileSync(join(base, "b.tar"), tarOf({ ...samples(0, 2), "0000.cls": "" }));
    await expect(opened(base, "b.tar")).rejects.toThrow(/"0000.cls" in it says no class/);
    writeFileSync(join(base, "c.tar"), tarOf({ ...samples(0, 2), "x.png": made[images[0]!]! }));
    await expect(opened(base, "c.tar", { labels: "folders" })).rejects.toThrow(
      /the image "x.png" in .* has no class. Give it a .cls file/,
    );
  });
});

describe("Parquet", () => {
  const rows = (from: number, to: number) =>
    images.slice(from, to).map((path, i) => ({ bytes: made[path]!, label: i % 2 }));

  it("takes rows in their order, and the names of classes from the file", async () => {
    const base = temporaryFolder();
    writeFileSync(join(base, "faces.parquet"), parquetOf(rows(0, 10), ["old", "new"]));
    const found = await opened(base, "faces.parquet", { labels: "folders" });
    expect(found.classes).toEqual(["new", "old"]);
    expect(found.images.map(({ path }) => Number(path))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(found.images.slice(0, 3).map(({ className }) => className)).toEqual(["old", "new", "old"]);
    const folder = writeFiles(
      join(base, "rows"),
      Object.fromEntries(rows(0, 10).map(({ bytes }, i) => [`${i}.png`, bytes])),
    );
    expect((await opened(base, folder)).pixelDigests).toBe(found.pixelDigests);
    expect(await datasetFacts(join(base, "faces.parquet"), [])).toMatchObject({ images: 10, noun: "Parquet file" });
  });

  it("takes several files, and a column of another name", async () => {
    const base = temporaryFolder();
    mkdirSync(join(base, "data"));
    for (const i of [0, 1])
      writeFileSync(
        join(base, "data", `train-0000${i}-of-00002.parquet`),
        parquetOf(rows(5 * i, 5 * i + 5), undefined, "img"),
      );
    const found = await opened(base, "data");
    expect(found.count).toBe(10);
    expect(found.images.at(-1)!.path).toBe("train-00001-of-00002.parquet/000000004");
    await expect(opened(base, "data", { labels: "folders" })).rejects.toThrow(
      /10 images .* have no class. There is no column of labels among its columns img, or set data.labels/,
    );
  });

  it("leaves out a row without an image, and names the columns where there are none", async () => {
    const base = temporaryFolder();
    writeFileSync(join(base, "a.parquet"), parquetOf([...rows(0, 2), { bytes: null }]));
    const found = await opened(base, "a.parquet");
    expect(found.broken).toEqual([
      { path: "000000002", reason: expect.stringMatching(/cannot be read \(its row holds no image/) },
    ]);
    const { parquetWriteBuffer } = await import("hyparquet-writer");
    const texts = parquetWriteBuffer({
      columnData: [
        { name: "text", data: ["a"] },
        { name: "length", data: [1] },
      ],
    });
    writeFileSync(join(base, "b.parquet"), Buffer.from(texts));
    await expect(opened(base, "b.parquet")).rejects.toThrow(
      /it has no column of images, .* Its columns: text, length\./,
    );
  });
});

describe("archives that cannot be used", () => {
  const problems: readonly [what: string, name: string, bytes: () => Buffer | string, message: RegExp][] = [
    [
      "a zip that was cut short",
      "a.zip",
      () => zipOf(made).subarray(0, 800),
      /directory, at the end of the file, is damaged or missing \(End of central.*Copy or download it again/,
    ],
    [
      "a tar that was cut short",
      "a.tar",
      () => tarOf(made).subarray(0, 4000),
      /: the archive is damaged or was cut short/,
    ],
    [
      "a tar with other bytes in it",
      "a.tar",
      () => Buffer.concat([tarOf({ "a.png": "x" }).subarray(0, 1024), Buffer.alloc(600, 7)]),
      /at byte 1024 there is no header/,
    ],
    [
      "a Parquet file that was cut short",
      "a.parquet",
      () => parquetOf([{ bytes: made["cats/0.png"]! }]).subarray(0, 100),
      /its directory, at the end of the file, cannot be read/,
    ],
    [
      "a compressed tar",
      "a.tar.gz",
      () => Buffer.from("\x1f\x8b\x08 and so on", "latin1"),
      /it is compressed as a whole.*gunzip/,
    ],
    [
      "another archive",
      "a.7z",
      () => Buffer.from("7z\xbc\xaf\x27\x1c", "latin1"),
      /of a kind that is not read. Pack the images as \.zip or \.tar/,
    ],
    ["an image", "a.png", () => made["cats/0.png"]!, /it is a single image/],
    ["nothing", "a.zip", () => "", /it is empty/],
    [
      "a text",
      "a.zip",
      () => "Not found",
      /neither a folder nor a \.zip, \.tar or \.parquet file, whatever its name says/,
    ],
    [
      "an archive without images",
      "a.zip",
      () => zipOf({ "notes.txt": "x" }),
      /the archive ".*a\.zip" holds no images \(1 file left out: 1 text file\). Pack png/,
    ],
    [
      "an archive of hidden and foreign places alone",
      "a.zip",
      () => zipOf({ "../../x.png": made["cats/0.png"]! }),
      /the archive .* holds no images/,
    ],
    [
      "an encrypted archive",
      "a.zip",
      () => zipOf(made, { flags: 0x801 }),
      /cannot be read \(it is encrypted in the archive; pack the images without a password\)/,
    ],
    [
      "another compression",
      "a.zip",
      () => zipOf(made, { method: 14 }),
      /cannot be read \(the archive compresses it by LZMA, which is not read/,
    ],
    ["a missing archive", "b.zip", () => zipOf(made), /the file ".*a\.zip" does not exist/],
  ];
  it.each(problems)("%s", async (what, name, bytes, message) => {
    const base = writeFiles(temporaryFolder(), { [name]: bytes() });
    const path = what === "a missing archive" ? "a.zip" : name;
    await expect(opened(base, path)).rejects.toThrow(message);
    // What can be known without reading an image is said at once, and by lint.
    if (/encrypt|compression/.test(what)) return;
    await expect(requireDataPath({ path, ignore: [] }, base)).rejects.toThrow(message);
    const facts = await datasetFacts(join(base, path), []);
    expect(facts.images ?? 0).toBe(0);
    if (facts.problem !== undefined) expect(facts.problem).toMatch(message);
  });

  it("says of a member that is damaged which one it is, and uses the others", async () => {
    const bytes = zipOf(made, { deflate: false });
    const at = bytes.indexOf(made["cats/3.png"]!) + 40;
    bytes[at] = bytes[at]! ^ 1;
    const base = writeFiles(temporaryFolder(), { "a.zip": bytes });
    const { broken } = await opened(base, "a.zip");
    expect(broken.find(({ path }) => path === "cats/3.png")?.reason).toMatch(/it is damaged in the archive/);
  });
});
