import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { UserError } from "../../../src/core/errors.ts";
import { experimentTemplate } from "../../../src/core/experiment/newTemplate.ts";
import { experimentSchema } from "../../../src/core/experiment/schema.ts";
import { suggestSizes } from "../../../src/core/experiment/suggestSizes.ts";
import { lintExperiment } from "../../../src/core/lint/lint.ts";
import { maskGeometry } from "../../../src/core/masks/masks.ts";
import { maskPieces } from "../../../src/core/masks/schedule.ts";
import { writeNewExperiment } from "../../../src/trainer/cli/new.ts";
import { runCommandLine } from "../../../src/trainer/cli/program.ts";
import { memoryIo } from "./memoryIo.ts";

const LAPTOP = { cores: 2, memoryBytes: 8 * 2 ** 30 };
const WORKSTATION = { cores: 8, memoryBytes: 16 * 2 ** 30 };
const SERVER = { cores: 32, memoryBytes: 128 * 2 ** 30 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-new-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function image(path: string, width: number, height: number, channels: 3 | 4 = 3): Promise<void> {
  const file = join(folder, path);
  mkdirSync(join(file, ".."), { recursive: true });
  await sharp({ create: { width, height, channels, background: { r: 200, g: 30, b: 60, alpha: 0.5 } } }).toFile(file);
}

const experimentOf = (file: string) => experimentSchema.parse(parse(readFileSync(file, "utf8")));

describe("maskdm new", () => {
  it("writes a valid experiment for images elsewhere, with a path seen from the experiment", async () => {
    for (let i = 0; i < 20; i++) await image(`pictures/${i % 2 === 0 ? "cats" : "dogs"}/${i}.png`, 100 + i, 70, 4);
    const dir = join(folder, "made", "animals");
    const { file, survey } = await writeNewExperiment(dir, relative(process.cwd(), join(folder, "pictures")), LAPTOP);
    expect(file).toBe(join(dir, "animals.maskdm.yaml"));
    expect(survey).toEqual({
      count: 20,
      sampled: 20,
      medianShortSide: 70,
      grey: false,
      transparent: true,
      folders: ["cats", "dogs"],
    });
    const experiment = experimentOf(file);
    expect(experiment.data).toMatchObject({ path: "../../pictures", image_size: 64, channels: 3 });
    expect(experiment.pretrain.batch_size).toBe(16);
    const text = readFileSync(file, "utf8");
    expect(text).toContain("20 images were found here");
    expect(text).toContain("num_classes: 2 under model");
    expect(text).toContain("background:");
  });

  it("names the file as it is told", async () => {
    for (let i = 0; i < 8; i++) await image(`images/${i}.png`, 40, 40);
    const { io, out } = memoryIo();
    expect(await runCommandLine(["new", folder, "--name", "faces", "--data", join(folder, "images")], io)).toBe(0);
    expect(out.text).toBe(`${join(folder, "faces.maskdm.yaml")}\n`);
    expect(existsSync(join(folder, "faces.maskdm.yaml"))).toBe(true);
    await expect(writeNewExperiment(folder, join(folder, "images"), LAPTOP, "../faces")).rejects.toThrow(
      '"../faces" is no name for an experiment: it holds a path separator.',
    );
  });

  it("keeps an absolute data path, whatever characters it has", async () => {
    await image("a: b #c/x.jpg", 40, 33);
    const data = join(folder, "a: b #c");
    const { file } = await writeNewExperiment(join(folder, "e"), data, LAPTOP);
    expect(experimentOf(file).data).toMatchObject({ path: data, image_size: 32 });
  });

  it("finds the images in the experiment's own folder", async () => {
    await image("e/one.png", 64, 64);
    expect(experimentOf((await writeNewExperiment(join(folder, "e"), undefined, LAPTOP)).file).data.path).toBe(".");
    await image("f/images/one.png", 64, 64);
    expect(experimentOf((await writeNewExperiment(join(folder, "f"), undefined, LAPTOP)).file).data.path).toBe(
      "images",
    );
  });

  it("takes grey images as one channel", async () => {
    mkdirSync(join(folder, "e"));
    await sharp({ create: { width: 28, height: 28, channels: 3, background: "#777777" } })
      .toColourspace("b-w")
      .png()
      .toFile(join(folder, "e", "digit.png"));
    const { file } = await writeNewExperiment(join(folder, "e"), undefined, LAPTOP);
    expect(experimentOf(file).data).toMatchObject({ channels: 1, image_size: 32 });
  });

  it("takes images of three channels as one where they hold only grey, and says no such thing of others", async () => {
    const write = (path: string, colour: string) =>
      sharp({ create: { width: 32, height: 32, channels: 3, background: colour } }).toFile(join(folder, path));
    mkdirSync(join(folder, "e"));
    for (let i = 0; i < 20; i++) await write(`e/${String(i).padStart(2, "0")}.jpg`, "#777777");
    const { file, survey } = await writeNewExperiment(join(folder, "e"), undefined, LAPTOP, "grey");
    expect(survey?.grey).toBe(true);
    expect(experimentOf(file).data.channels).toBe(1);
    await write("e/00.jpg", "#776655");
    const other = await writeNewExperiment(join(folder, "e"), undefined, LAPTOP, "coloured");
    expect(experimentOf(other.file).data.channels).toBe(3);
  });

  it("reads the size of portable pixmaps", async () => {
    mkdirSync(join(folder, "e"));
    const pixmap = Buffer.concat([
      Buffer.from("P6 64 48 255\n"),
      Buffer.alloc(64 * 48 * 3, Buffer.from([200, 60, 40])),
    ]);
    // Named as something that counts as an image: what it holds is decided by its content.
    writeFileSync(join(folder, "e", "a.png"), pixmap);
    const { survey } = await writeNewExperiment(join(folder, "e"), undefined, LAPTOP);
    expect(survey).toMatchObject({ sampled: 1, medianShortSide: 48, grey: false, transparent: false });
  });

  it("reads the size of bitmaps, and passes over broken images", async () => {
    mkdirSync(join(folder, "e"));
    const header = Buffer.alloc(54);
    header.write("BM");
    header.writeUInt32LE(40, 14);
    header.writeInt32LE(70, 18);
    header.writeInt32LE(-65, 22);
    writeFileSync(join(folder, "e", "a.bmp"), header);
    writeFileSync(join(folder, "e", "b.png"), "not a picture");
    const { survey } = await writeNewExperiment(join(folder, "e"), undefined, LAPTOP);
    expect(survey).toMatchObject({ count: 2, sampled: 1, medianShortSide: 65, grey: false });
  });

  it("refuses to overwrite, and leaves the file as it was", async () => {
    mkdirSync(join(folder, "e"));
    const file = join(folder, "e", "e.maskdm.yaml");
    writeFileSync(file, "mine");
    await expect(writeNewExperiment(join(folder, "e"), undefined, LAPTOP)).rejects.toThrow(/exists already/);
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  it("refuses a data folder that is missing or holds no image, and writes nothing", async () => {
    const dir = join(folder, "e");
    await expect(writeNewExperiment(dir, join(folder, "none"), LAPTOP)).rejects.toThrow(UserError);
    mkdirSync(join(folder, "empty"));
    writeFileSync(join(folder, "empty", "broken.png"), "not a picture");
    await expect(writeNewExperiment(dir, join(folder, "empty"), LAPTOP)).rejects.toThrow(/holds no readable image/);
    writeFileSync(join(folder, "file"), "");
    await expect(writeNewExperiment(join(folder, "file"), undefined, LAPTOP)).rejects.toThrow(/is a file/);
    expect(existsSync(dir)).toBe(false);
  });

  it("prints the file to stdout, and says where images belong when there are none", async () => {
    const { io, out, err } = memoryIo();
    const dir = join(folder, "e");
    expect(await runCommandLine(["new", dir], io)).toBe(0);
    expect(out.text).toBe(`${join(dir, "e.maskdm.yaml")}\n`);
    expect(err.text).toContain(join(dir, "images"));
    expect(await runCommandLine(["new", dir], io)).toBe(2);
  });
});

describe("suggested sizes", () => {
  const survey = (medianShortSide: number, count = 5000) => ({
    count,
    sampled: 64,
    medianShortSide,
    grey: false,
    transparent: false,
    folders: [],
  });

  it("grow with the machine, and never far beyond the images", () => {
    expect(suggestSizes(survey(500), LAPTOP)).toMatchObject({ imageSize: 64, embedDim: 192 });
    expect(suggestSizes(survey(500), WORKSTATION)).toMatchObject({ imageSize: 128, embedDim: 384 });
    expect(suggestSizes(survey(500), SERVER)).toMatchObject({ imageSize: 256, embedDim: 512 });
    expect(suggestSizes(survey(28), SERVER)).toMatchObject({ imageSize: 32, patchSize: 4 });
    expect(suggestSizes(survey(5), SERVER)).toMatchObject({ imageSize: 16 });
    expect(suggestSizes(null, LAPTOP)).toMatchObject({ imageSize: 64, channels: 3 });
  });

  it.each([LAPTOP, WORKSTATION, SERVER])(
    "fit together: the asked rate is the effective one ($cores cores)",
    (machine) => {
      for (const side of [8, 16, 32, 64, 128, 256, 1000]) {
        for (const count of [8, 10, 100, 100_000]) {
          const sizes = suggestSizes(survey(side, count), machine);
          const text = experimentTemplate({
            file: "e.maskdm.yaml",
            dataPath: "x",
            survey: survey(side, count),
            sizes,
          });
          const facts = { ...machine, dataset: { exists: true, images: count, classes: 0 } };
          expect(lintExperiment(text, facts).filter(({ severity }) => severity !== "info")).toEqual([]);
          const { data, model, mask, pretrain } = experimentSchema.parse(parse(text));
          expect(data.image_size % model.patch_size).toBe(0);
          expect(model.embed_dim % model.num_heads).toBe(0);
          expect(pretrain.batch_size).toBeLessThanOrEqual(count);
          const [piece] = maskPieces(mask, "pretrain", pretrain.steps);
          const geometry = maskGeometry(piece!.config, data.image_size / model.patch_size);
          expect(geometry.effectiveRate).toBe(mask.rate);
        }
      }
    },
  );
});
