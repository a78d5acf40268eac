/** The PyTorch engine finds, decodes, labels and holds out the images that this program does. */
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import type { ExperimentInput } from "../../../src/core/experiment/schema.ts";
import { experimentSchema } from "../../../src/core/experiment/schema.ts";
import { openExperimentImages } from "../../../src/trainer/data/openExperimentImages.ts";
import { DigestColumn } from "../../../src/trainer/data/pixelDigest.ts";
import { requirePython } from "../../python/requirePython.ts";
import { runPython } from "../../python/runPython.ts";
import { filesBelow, parquetOf, tarOf, zipOf } from "../data/archiveFiles.ts";
import { temporaryFolder } from "../run/support.ts";

interface Opened {
  readonly paths: string[];
  readonly labels: number[];
  readonly digests: string[];
  readonly heldOut: string[];
  readonly classes: string[];
  readonly broken: string[];
  readonly notes: string[];
  readonly decoder?: string;
  readonly pixels: Buffer;
}

const SIZE = 16;

/** Waves and some grain, different for every number. */
function pixelsOf(width: number, height: number, channels: number, number: number): Buffer {
  const at = (i: number) => {
    const [y, x, c] = [Math.floor(i / (width * channels)), Math.floor(i / channels) % width, i % channels];
    return 128 + 90 * Math.sin((x * 16) / width / 2 + c + number) * Math.cos((y * 16) / height / 3) + ((i * 7919) % 23);
  };
  return Buffer.from(Uint8Array.from({ length: width * height * channels }, (_, i) => Math.round(at(i))));
}

const picture = (width: number, height: number, channels: 1 | 3 | 4, number: number) =>
  sharp(pixelsOf(width, height, channels, number), { raw: { width, height, channels } });

async function here(experiment: ExperimentInput, base: string): Promise<Opened> {
  const { dataset, classes } = await openExperimentImages(experimentSchema.parse(experiment), base, null, {});
  const pixels = Buffer.alloc(dataset.count * dataset.imageBytes);
  dataset.readInto(
    Uint32Array.from({ length: dataset.count }, (_, i) => i),
    pixels,
  );
  dataset.close();
  const digests = DigestColumn.fromText(dataset.pixelDigests);
  return {
    paths: dataset.images.map(({ path }) => path),
    labels: dataset.images.map(({ label }) => label),
    digests: dataset.images.map((_, i) => digests.at(i).toString("hex")),
    heldOut: dataset.heldOut.images.map(({ path }) => path),
    classes: [...(classes ?? [])],
    broken: dataset.broken.map(({ path }) => path),
    notes: [...dataset.notes],
    pixels,
  };
}

type Request = readonly [ExperimentInput, string];

/** In one process. An error in the place of what could not be opened. */
function answers(python: string, requests: readonly Request[]): (Opened | Error)[] {
  const input = requests.map(([experiment, base]) => ({ text: JSON.stringify(experiment), base }));
  const found = JSON.parse(runPython(python, "open_images.py", input)) as (Opened & {
    pixels: string;
    error?: string;
  })[];
  return found.map(({ error, ...answer }) =>
    error === undefined ? { ...answer, pixels: Buffer.from(answer.pixels, "base64") } : new Error(error),
  );
}

function there(python: string, requests: readonly Request[]): Opened[] {
  return answers(python, requests).map((answer) => {
    if (answer instanceof Error) throw answer;
    return answer;
  });
}

/** A folder with images of several kinds and what lies among images: 10 classes and more, links, files that are no images. */
async function mixedFolder(base: string): Promise<void> {
  const file = (...parts: string[]): string => {
    const path = join(base, "images", ...parts);
    mkdirSync(join(path, ".."), { recursive: true });
    return path;
  };
  for (let i = 0; i < 12; i++)
    await picture(SIZE, SIZE, 3, i)
      .png()
      .toFile(file(String(i), "a.png"));
  await picture(SIZE, 24, 3, 20).png().toFile(file("cats", "tall.PNG"));
  await picture(29, SIZE, 1, 21).png().toFile(file("cats", "grey.png"));
  await picture(SIZE, SIZE, 4, 22).png().toFile(file("cats", "clear.png"));
  await picture(SIZE, SIZE, 3, 23)
    .tiff({ compression: "lzw" })
    .toFile(file("cats", "b", "page"));
  writeFileSync(
    file("cats", "upright.jpg"),
    await picture(SIZE, 24, 3, 25).png().withMetadata({ orientation: 6 }).toBuffer(),
  );
  writeFileSync(file("ümlaut", "x.gif"), await picture(SIZE, SIZE, 3, 26).gif({ colours: 8 }).toBuffer());
  writeFileSync(file("cats", "broken.png"), (await picture(SIZE, SIZE, 3, 27).png().toBuffer()).subarray(0, 200));
  writeFileSync(file("cats", "saved.jpg"), "<!doctype html>");
  writeFileSync(file("cats", "empty.webp"), "");
  writeFileSync(file("cats", "a_mask.png"), "left out by a pattern");
  writeFileSync(file("cats", "x.heic"), Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"));
  writeFileSync(file("notes.txt"), "a text");
  writeFileSync(file("Thumbs.db"), "of a system");
  writeFileSync(file(".hidden.png"), "hidden");
  mkdirSync(file("run"), { recursive: true });
  for (const name of ["run.json", "status.json", "sample.png"]) writeFileSync(file("run", name), "{}");
  symlinkSync("nowhere", file("cats", "gone.png"));
  symlinkSync("..", file("cats", "around"));
  symlinkSync("../0", file("linked", "zero"));
}

test("the same images, labels, pixels, broken ones and notes", async (test) => {
  const python = requirePython(test, ["yaml", "numpy", "PIL"]);
  const base = temporaryFolder();
  await mixedFolder(base);
  const data = { path: "images", image_size: SIZE, max_broken: 0.5, ignore: ["*_mask.png"], background: "#204060" };
  const experiments: ExperimentInput[] = [
    { data: { ...data, labels: "folders", holdout: 0.3 }, model: { num_classes: 20 } },
    { data: { ...data, channels: 1 } },
  ];
  const ours = [];
  for (const experiment of experiments) ours.push(await here(experiment, base));
  // Elsewhere, where there is no cache of this program's.
  const copy = join(base, "copy");
  cpSync(join(base, "images"), join(copy, "images"), { recursive: true, verbatimSymlinks: true });
  for (const [i, found] of there(
    python,
    experiments.map((experiment) => [experiment, copy] as const),
  ).entries()) {
    const { decoder, ...theirs } = found;
    expect(decoder).toMatch(/^rules 2, pillow /);
    expect(theirs).toEqual(ours[i]);
    expect(theirs.broken).toContain("cats/gone.png");
  }
  expect(ours[0]!.heldOut.length).toBeGreaterThan(0);
  expect(ours[0]!.classes.slice(0, 4)).toEqual(["0", "1", "2", "3"]);
});

test("resized images and JPEGs are the same up to rounding, and another program's cache is taken as it is", async (test) => {
  const python = requirePython(test, ["yaml", "numpy", "PIL"]);
  const base = temporaryFolder();
  mkdirSync(join(base, "images"));
  const sizes = [
    [64, 64],
    [33, 20],
    [37, 101],
    [200, 150],
    [300, 301],
    [17, 17],
    [12, 9],
    [9, 13],
  ] as const;
  for (const [i, [width, height]] of sizes.entries()) {
    await picture(width, height, 3, i)
      .png()
      .toFile(join(base, "images", `${width}.png`));
    await picture(width, height, 3, i)
      .jpeg({ quality: 90 })
      .toFile(join(base, "images", `${width}.jpg`));
  }
  const experiment: ExperimentInput = { data: { path: "images", image_size: SIZE } };
  const [first] = there(python, [[experiment, base]]);
  const ours = await here(experiment, base);
  expect(first!.paths).toEqual(ours.paths);
  const each = SIZE * SIZE * 3;
  for (const [kind, largest, mean] of [
    ["png", 4, 0.6],
    ["jpg", 24, 2],
  ] as const) {
    const differences = ours.pixels.reduce<number[]>((found, value, i) => {
      if (ours.paths[Math.floor(i / each)]!.endsWith(kind)) found.push(Math.abs(value - first!.pixels[i]!));
      return found;
    }, []);
    expect(Math.max(...differences), kind).toBeLessThanOrEqual(largest);
    expect(differences.reduce((sum, value) => sum + value, 0) / differences.length, kind).toBeLessThan(mean);
  }
  // Now that this program has decoded them, its pixels count.
  const [second] = there(python, [[experiment, base]]);
  expect(second!.decoder).toMatch(/^rules 2, sharp /);
  expect(second!.digests).toEqual(ours.digests);
  // Of a folder that has changed, only what is new is decoded: into a cache of the engine's own.
  rmSync(join(base, "images", "64.jpg"));
  await picture(SIZE, SIZE, 3, 9)
    .png()
    .toFile(join(base, "images", "new.png"));
  const [third] = there(python, [[experiment, base]]);
  expect(third!.decoder).toMatch(/^rules 2, pillow /);
  expect(third!.paths).toEqual([...ours.paths.filter((path) => path !== "64.jpg"), "new.png"].sort());
  expect(third!.digests[third!.paths.indexOf("17.png")]).toBe(first!.digests[first!.paths.indexOf("17.png")]);
});

test("archives hold the same images for both, however they were packed", async (test) => {
  const python = requirePython(test, ["yaml", "numpy", "PIL"]);
  const base = temporaryFolder();
  await mixedFolder(base);
  // Links are for folders.
  for (const link of ["cats/gone.png", "cats/around", "linked"])
    rmSync(join(base, "images", link), { recursive: true });
  runPython(python, "pack_folder.py", { folder: join(base, "images"), into: base });
  const sample = (i: number) => readFileSync(join(base, "images", String(i), "a.png"));
  const samples = Array.from({ length: 12 }, (_, i) => [
    [`s${i}.png`, sample(i)],
    [`s${i}.cls`, String((i * 7) % 12)],
    [`s${i}.json`, "{}"],
  ]).flat();
  mkdirSync(join(base, "shards"));
  for (const i of [0, 1])
    writeFileSync(join(base, "shards", `part-${i}.tar`), tarOf(Object.fromEntries(samples.slice(18 * i, 18 * i + 18))));
  writeFileSync(join(base, "images.zip"), zipOf(filesBelow(join(base, "images")), { zip64: true }));
  const data = { image_size: SIZE, max_broken: 0.5, ignore: ["*_mask.png"], labels: "folders" as const, holdout: 0.3 };
  const folder = await here({ data: { ...data, path: "images" }, model: { num_classes: 20 } }, base);
  const paths = ["photos.zip", "stored.zip", "photos.tar", "images.zip", "shards", "shards/part-{0..1}.tar"];
  const requests = paths.map((path): Request => [{ data: { ...data, path }, model: { num_classes: 20 } }, base]);
  const ours: Opened[] = [];
  for (const [experiment] of requests) ours.push(await here(experiment, base));
  for (const packed of ours.slice(0, 4)) expect(packed).toEqual(folder);
  for (const shards of ours.slice(4)) expect(shards.classes.slice(0, 4)).toEqual(["0", "1", "2", "3"]);
  // What the other program has decoded is taken as it is: the facts of the members are the same.
  for (const cached of there(python, requests)) expect(cached.decoder).toMatch(/^rules 2, sharp /);
  rmSync(join(base, ".maskdm"), { recursive: true });
  for (const [i, { decoder, ...theirs }] of there(python, requests).entries()) {
    expect(decoder).toMatch(/^rules 2, pillow /);
    expect(theirs, paths[i]).toEqual(ours[i]);
  }
});

test("a Parquet file holds the same images for both", async (test) => {
  const python = requirePython(test, ["yaml", "numpy", "PIL", "pyarrow"]);
  const base = temporaryFolder();
  const rows = [];
  for (let i = 0; i < 11; i++)
    rows.push({ bytes: i === 5 ? null : await picture(SIZE, SIZE, 3, i).png().toBuffer(), label: i % 3 });
  writeFileSync(join(base, "faces.parquet"), parquetOf(rows, ["old", "new", "other"]));
  const data = { path: "faces.parquet", image_size: SIZE, max_broken: 0.5, labels: "folders" as const, holdout: 0.3 };
  const experiment: ExperimentInput = { data, model: { num_classes: 3 } };
  const ours = await here(experiment, base);
  expect(ours.classes).toEqual(["new", "old", "other"]);
  expect(ours.broken).toEqual(["000000005"]);
  const [cached] = there(python, [[experiment, base]]);
  expect(cached!.decoder).toMatch(/^rules 2, sharp /);
  rmSync(join(base, ".maskdm"), { recursive: true });
  const [{ decoder, ...theirs }] = there(python, [[experiment, base]]) as [Opened];
  expect(decoder).toMatch(/^rules 2, pillow /);
  expect(theirs).toEqual(ours);
});

test("what is wrong with an archive is said alike", async (test) => {
  const python = requirePython(test, ["yaml", "numpy", "PIL"]);
  const base = temporaryFolder();
  const png = await picture(SIZE, SIZE, 3, 0).png().toBuffer();
  const files = { "a.png": png, "b.png": png };
  const archives = {
    "cut.zip": zipOf(files).subarray(0, 300),
    "cut.tar": tarOf(files).subarray(0, 1500),
    "endless.tar": tarOf(files).subarray(0, -1024),
    "secret.zip": zipOf(files, { flags: 0x801 }),
    "lzma.zip": zipOf(files, { method: 14 }),
    "none.zip": zipOf({ "notes.txt": "x", "../up.png": png }),
    "label.tar": tarOf({ ...files, "a.cls": "" }),
    "class.tar": tarOf(files),
    "gzipped.tar.gz": Buffer.from("\x1f\x8b\x08 and so on", "latin1"),
    "page.zip": "<!doctype html>",
  };
  for (const [name, bytes] of Object.entries(archives)) writeFileSync(join(base, name), bytes);
  const paths = [...Object.keys(archives), "missing.zip", "part-{0..2}.tar", "part-*.tar"];
  const requests = paths.map((path): Request => {
    return [{ data: { path, image_size: SIZE, labels: "folders" }, model: { num_classes: 2 } }, base];
  });
  for (const [i, theirs] of answers(python, requests).entries()) {
    const ours = await here(requests[i]![0], base).catch((error: unknown) => error);
    if (!(theirs instanceof Error) || !(ours instanceof Error)) throw new Error(`${paths[i]} was opened`);
    expect(common(theirs.message), paths[i]).toBe(common(ours.message));
  }
});

/** What a library says of a damaged directory, names of methods, and where exactly an archive ends are each program's own. */
const common = (text: string): string =>
  text
    .replace(/missing \(.*?\)/, "missing (…)")
    .replace(/by method 14/g, "by LZMA")
    .replace(/used: .*: the archive is damaged/, "used: … the archive is damaged");
