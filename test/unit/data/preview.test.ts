/** `maskdm preview`: what it prints and draws is what training takes in, bit for bit. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { assembleBatch } from "../../../src/core/batch/assemble.ts";
import { batchContext } from "../../../src/core/batch/context.ts";
import { previewBatch } from "../../../src/core/batch/preview.ts";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import { drawVisibleTokens, maskGeometry } from "../../../src/core/masks/masks.ts";
import { drawWithoutReplacement, RandomStream, type Stage } from "../../../src/core/random/streams.ts";
import * as preview from "../../../src/trainer/cli/preview.ts";
import { runCommandLine } from "../../../src/trainer/cli/program.ts";
import { openDataset } from "../../../src/trainer/data/dataset.ts";
import { BatchSource } from "../../../src/trainer/loop/batches.ts";
import { memoryIo } from "../cli/memoryIo.ts";
import { gradient, rgbImage, temporaryFolder, writeFiles } from "./testFolder.ts";

const SIZE = 16;
const EXPERIMENT = `# An experiment of its own, small enough to check by hand.
data: { path: images, image_size: ${SIZE}, hflip: 0.5 }
model: { patch_size: 4, embed_dim: 32, num_heads: 2, depth: 3 }
mask: { strategy: patch, rate: 0.75 }
pretrain: { steps: 100, batch_size: 5 }
finetune: { steps: 100, batch_size: 3 }
seed: 9007199254740000
`;
const NAMES = ["a.png", "b.png", "c/d.png", "c/e.png", "f.png", "g.png", "h.png"];

const reportSchema = z.strictObject({
  batch: z.number(),
  N: z.number(),
  S: z.number(),
  piece: z.strictObject({ name: z.string(), from: z.number(), until: z.number() }),
  askedRate: z.number(),
  effectiveRate: z.number(),
  png: z.string(),
  images: z.array(
    z.strictObject({ path: z.string(), visible: z.array(z.number()), timestep: z.number(), flip: z.boolean() }),
  ),
});

let base = "";
let file = "";
beforeAll(async () => {
  base = temporaryFolder();
  file = join(writeFiles(base, { "small.maskdm.yaml": EXPERIMENT }), "small.maskdm.yaml");
  const picture = gradient(SIZE, SIZE);
  for (const [i, name] of NAMES.entries()) {
    const other = picture.map((value) => (value + 31 * i) & 255);
    writeFiles(base, { [`images/${name}`]: await rgbImage(other, SIZE, SIZE).png().toBuffer() });
  }
});

async function run(...args: string[]) {
  const { io, out, err } = memoryIo();
  const exitCode = await runCommandLine(["preview", ...args], io, [preview]);
  return { exitCode, out: out.text, err: err.text };
}

async function json(...args: string[]): Promise<z.output<typeof reportSchema>> {
  const { exitCode, out, err } = await run(file, "--json", ...args);
  expect(err).not.toContain("error");
  expect(exitCode).toBe(0);
  return reportSchema.parse(JSON.parse(out));
}

describe("preview --json", () => {
  it("prints what the random streams give, drawn here by other means", async () => {
    const step = 4;
    const report = await json("--batch", String(step), "--out", base);
    expect({ ...report, images: [], png: "" }).toEqual({
      piece: { name: "mask.rate", from: 0, until: 100 },
      batch: step,
      N: 16,
      S: 4,
      askedRate: 0.75,
      effectiveRate: 0.75,
      png: "",
      images: [],
    });
    const stream = (name: "order" | "mask" | "timestep" | "flip", at: number, item: number): RandomStream =>
      new RandomStream({ seed: 9007199254740000, stage: "pretrain", stream: name, step: at, item });
    const geometry = maskGeometry({ strategy: "patch", rate: 0.75, blockSize: 4, cellSize: 2, cropSize: null }, 4);
    report.images.forEach((image, slot) => {
      const number = step * 5 + slot;
      const order = drawWithoutReplacement(
        stream("order", 0, Math.floor(number / NAMES.length)),
        NAMES.length,
        NAMES.length,
      );
      expect(image).toEqual({
        path: NAMES[order[number % NAMES.length]!],
        visible: [...drawVisibleTokens(geometry, stream("mask", step, slot))],
        timestep: stream("timestep", step, slot).below(1000),
        flip: stream("flip", step, slot).uniform() < 0.5,
      });
      expect(image.visible).toEqual([...image.visible].sort((a, b) => a - b));
      expect(new Set(image.visible).size).toBe(4);
    });
    expect(report.images).toHaveLength(5);
  });

  it.each(["pretrain", "finetune"] as const)("prints the batch that %s takes in", async (stage) => {
    const experiment = experimentOf(EXPERIMENT);
    const dataset = await openDataset(experiment.data, base);
    const source = new BatchSource(experiment, stage, dataset);
    for (const step of [0, 1, 57]) {
      const batch = source.batch(step);
      const report = await json("--stage", stage, "--batch", String(step), "--out", base);
      expect(report.S).toBe(batch.visibleTokens);
      expect(report.images.flatMap(({ visible }) => visible)).toEqual([...batch.visible]);
      expect(report.images.map(({ timestep }) => timestep)).toEqual([...batch.timesteps]);
    }
    dataset.close();
  });

  it("shows whole images in finetuning", async () => {
    const report = await json("--stage", "finetune", "--out", base);
    expect(report).toMatchObject({ N: 16, S: 16, askedRate: 0, effectiveRate: 0 });
    expect(report.images.map(({ visible }) => visible.length)).toEqual([16, 16, 16]);
  });

  it("gives every asked and effective rate of the strategies", async () => {
    const rates = async (...set: string[]) => {
      const { S, askedRate, effectiveRate } = await json("--out", base, ...set.flatMap((text) => ["--set", text]));
      return { S, askedRate, effectiveRate };
    };
    expect(await rates("mask.strategy=block", "mask.block_size=2", "mask.rate=0.9")).toEqual({
      S: 4,
      askedRate: 0.9,
      effectiveRate: 0.75,
    });
    expect(await rates("mask.strategy=crop", "mask.rate=0.5")).toEqual({ S: 9, askedRate: 0.5, effectiveRate: 0.4375 });
    expect(await rates("mask.strategy=none")).toMatchObject({ S: 16, effectiveRate: 0 });
  });

  it("shows the mask that the step has, where it changes over pretraining", async () => {
    const set = [
      "--set",
      "mask.rate=[{until: 10, rate: 0.75}, {until: 0.5, rate: 0.5}, {rate: 0}]",
      "--set",
      "pretrain.steps=40",
    ];
    const at = async (batch: string) => {
      const { S, piece } = await json("--out", base, "--batch", batch, ...set);
      return { S, ...piece };
    };
    expect(await at("9")).toEqual({ S: 4, name: "mask.rate[0]", from: 0, until: 10 });
    expect(await at("10")).toEqual({ S: 8, name: "mask.rate[1]", from: 10, until: 20 });
    expect(await at("20")).toEqual({ S: 16, name: "mask.rate[2]", from: 20, until: 40 });
    const { out } = await run(file, "--out", base, "--batch", "10", ...set);
    expect(out).toContain("S = 8 visible, mask rate 0.5 (asked: 0.5), mask.rate[1] (steps 10 to 19)\n");
  });

  it("draws a picture of the pixels in question", async () => {
    const { png, images } = await json("--batch", "2", "--out", join(base, "out", "put"));
    expect(png).toBe(join(base, "out", "put", "small-pretrain-batch-00000002.png"));
    const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    // Scaled by 4 to images of 64 pixels, 5 columns and 3 rows of them, with lines of 2 pixels.
    expect([info.width, info.height]).toEqual([2 + 5 * 66, 2 + 3 * 66]);
    const pixelAt = (column: number, row: number, x: number, y: number): number[] => {
      const at = 3 * ((2 + row * 66 + 4 * y + 1) * info.width + 2 + column * 66 + 4 * x + 2);
      return [...data.subarray(at, at + 3)];
    };
    for (const [column, { path, visible, flip }] of images.entries()) {
      const source = await sharp(join(base, "images", path))
        .raw()
        .toBuffer();
      for (let y = 0; y < SIZE; y++) {
        for (let x = 0; x < SIZE; x++) {
          const from = 3 * (y * SIZE + (flip ? SIZE - 1 - x : x));
          const colour = [...source.subarray(from, from + 3)];
          expect(pixelAt(column, 0, x, y)).toEqual(colour);
          const isVisible = visible.includes(Math.floor(y / 4) * 4 + Math.floor(x / 4));
          const [red, green, blue] = pixelAt(column, 1, x, y);
          if (isVisible) expect([red, green, blue]).toEqual(colour);
          else expect([red === green && green === blue, red === 120 || red === 150]).toEqual([true, true]);
          if (!isVisible) expect(pixelAt(column, 2, x, y)).toEqual([red, green, blue]);
        }
      }
    }
  });

  it("leaves pictures where no search for images finds them", async () => {
    const { png } = await json();
    expect(png).toBe(join(base, ".maskdm", "preview", "small-pretrain-batch-00000000.png"));
    expect(existsSync(png)).toBe(true);
  });

  it("draws at most 64 images, in bands of 16, and lists them all", async () => {
    const { images, png } = await json("--set", "pretrain.batch_size=70", "--out", base);
    expect(images).toHaveLength(70);
    const { width, height } = await sharp(png).metadata();
    expect([width, height]).toEqual([2 + 16 * 66, 2 + 4 * 3 * 66]);
  });
});

describe("previewBatch", () => {
  it.each([
    ["pretrain", 3],
    ["pretrain", 1],
    ["finetune", 3],
  ] as const)("draws the noised values of %s with %i channels", async (stage: Stage, channels) => {
    const experiment = experimentOf(EXPERIMENT.replace("hflip: 0.5", `hflip: 0.5, channels: ${channels}`));
    const dataset = await openDataset(experiment.data, base);
    const context = batchContext(experiment, stage, dataset.count);
    const plan = context.planner.plan(11);
    const count = plan.indices.length;
    const pixels = new Uint8Array(count * dataset.imageBytes);
    dataset.readInto(plan.indices, pixels);
    dataset.close();
    const drawn = previewBatch(context, plan, pixels, count);
    const batch = assembleBatch(context, plan, pixels, new Int32Array(count));
    const elements = 16 * channels;
    const S = batch.visibleTokens;
    for (let i = 0; i < count; i++) {
      for (let s = 0; s < S; s++) {
        const token = batch.visible[i * S + s]!;
        for (let c = 0; c < 3; c++) {
          for (let p = 0; p < 16; p++) {
            // The engine's order is (C, p1, p2).
            const value = batch.tokens[(i * S + s) * elements + Math.min(c, channels - 1) * 16 + p]!;
            const y = Math.floor(token / 4) * 4 + Math.floor(p / 4);
            const x = (token % 4) * 4 + (p % 4);
            const expected = Math.min(255, Math.max(0, Math.round((value + 1) * 127.5)));
            expect(drawn.noised[3 * ((i * SIZE + y) * SIZE + x) + c]).toBe(expected);
          }
        }
      }
    }
  });

  it("shows clean images at timestep 0 and noise at the last one", async () => {
    const experiment = experimentOf(EXPERIMENT);
    const dataset = await openDataset(experiment.data, base);
    const context = batchContext(experiment, "finetune", dataset.count);
    const plan = context.planner.plan(0);
    const pixels = new Uint8Array(3 * dataset.imageBytes);
    dataset.readInto(plan.indices, pixels);
    dataset.close();
    const distance = (timestep: number): number => {
      const { original, noised } = previewBatch(
        context,
        { ...plan, timesteps: new Int32Array(3).fill(timestep) },
        pixels,
        3,
      );
      return original.reduce((sum, value, i) => sum + Math.abs(value - noised[i]!), 0) / original.length;
    };
    expect(context.schedule.levels[0]!.share).toBeGreaterThan(0.999);
    expect(distance(0)).toBeLessThan(2);
    expect(distance(999)).toBeGreaterThan(60);
  });
});

describe("preview for people", () => {
  it("says what there is in two lines", async () => {
    const { exitCode, out } = await run(file, "--batch", "1", "--out", base, "--set", "mask.rate=0.8");
    expect(exitCode).toBe(0);
    expect(out).toBe(
      "batch 1 of pretrain: 5 images of N = 16 tokens, S = 4 visible, mask rate 0.75 (asked: 0.8)\n" +
        `${join(base, "small-pretrain-batch-00000001.png")} (rows: original, masked, noised)\n`,
    );
  });

  it("says when a batch lies beyond the end of the stage", async () => {
    const { err } = await run(file, "--batch", "100", "--out", base);
    expect(err).toContain("note: pretrain takes 100 steps, 0 to 99; batch 100 comes after its end");
  });

  it.each([
    [["nowhere.yaml"], "there is no such file"],
    [["FILE", "--batch", "-1"], "A whole number is needed"],
    [["FILE", "--batch", "4294967296"], "It must be at most 4294967295."],
    [["FILE", "--stage", "sample"], "Allowed choices are pretrain, finetune"],
    [["FILE", "--set", "mask.rate=2"], "--set mask.rate=2"],
    [["FILE", "--set", "model.patch_size=5"], "does not divide"],
    [["FILE", "--set", "data.path=gone"], 'does not exist (data.path is "gone"'],
    [
      ["FILE", "--set", "pretrain.batch_size=65536", "--set", "data.image_size=1024", "--set", "mask.strategy=none"],
      "too large to list",
    ],
    [["FILE", "--out", "FILE/x"], "Choose another folder with --out"],
  ])("refuses %j", async (args, message) => {
    const { exitCode, out, err } = await run(...args.map((arg) => arg.replace("FILE", file)));
    expect(exitCode).toBeGreaterThan(0);
    expect(out).toBe("");
    expect(err).toContain(message);
    expect(err).not.toMatch(/\n {4}at /);
  });

  it("shows the shipped example", async () => {
    const example = join(import.meta.dirname, "../../../examples/emoji/emoji.maskdm.yaml");
    expect(parseExperiment(readFileSync(example, "utf8")).ok).toBe(true);
    const { exitCode, out } = await run(example, "--out", base, "--json");
    expect(exitCode).toBe(0);
    expect(reportSchema.parse(JSON.parse(out))).toMatchObject({ N: 64, S: 8, effectiveRate: 0.875 });
  });
});

function experimentOf(text: string) {
  const parsed = parseExperiment(text);
  if (!parsed.ok) throw new Error(parsed.diagnostics.map(({ message }) => message).join("\n"));
  return parsed.experiment;
}
