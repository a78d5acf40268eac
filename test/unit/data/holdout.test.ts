/** Images that are kept out of training. */
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { batchContext } from "../../../src/core/batch/context.ts";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import { imageList } from "../../../src/trainer/data/dataFingerprint.ts";
import { type Dataset, openDataset } from "../../../src/trainer/data/dataset.ts";
import { BatchSource } from "../../../src/trainer/loop/batches.ts";
import { dataConfig, plainPng, temporaryFolder, writeFiles } from "./testFolder.ts";

const base = temporaryFolder();
const colourOf = (i: number): string => `#${(i * 0x31357 + 0x101).toString(16).padStart(6, "0")}`;
const open = (holdout: number): Promise<Dataset> => openDataset(dataConfig({ holdout }), base);
const paths = ({ images }: Pick<Dataset, "images">): string[] => images.map(({ path }) => path);

/** First pixel of every image. */
function colours(view: Pick<Dataset, "count" | "imageBytes" | "readInto">): string[] {
  const pixels = Buffer.alloc(view.count * view.imageBytes);
  view.readInto(
    Uint32Array.from({ length: view.count }, (_, i) => i),
    pixels,
  );
  return Array.from(
    { length: view.count },
    (_, i) => `#${pixels.toString("hex", i * view.imageBytes, i * view.imageBytes + 3)}`,
  );
}

beforeAll(async () => {
  const files: Record<string, Buffer> = {};
  for (let i = 0; i < 60; i++) {
    const png = await plainPng(colourOf(i));
    const name = String(i).padStart(2, "0");
    files[`images/${name}.png`] = png;
    files[`images/copies/${name}.png`] = png;
  }
  writeFiles(base, files);
});

describe("data.holdout", () => {
  it("is nothing by default: every image is trained on, in the order of the cache", async () => {
    const dataset = await open(0);
    expect(dataset.heldOut.count).toBe(0);
    expect(dataset.count).toBe(120);
    expect(dataset.notes).toEqual([]);
    expect(colours(dataset).slice(0, 60)).toEqual(Array.from({ length: 60 }, (_, i) => colourOf(i)));
    dataset.close();
  });

  it("takes about its share away, duplicates together, and shows each side its own pixels", async () => {
    const dataset = await open(0.3);
    const { heldOut } = dataset;
    expect(dataset.count + heldOut.count).toBe(120);
    expect(heldOut.count).toBeGreaterThan(16);
    expect(heldOut.count).toBeLessThan(60);
    expect(dataset.notes).toEqual([`data.holdout keeps ${heldOut.count} of 120 images out of training`]);
    const seen = new Set(colours(dataset));
    expect(colours(heldOut).filter((colour) => seen.has(colour))).toEqual([]);
    for (const view of [dataset, heldOut]) {
      expect(colours(view)).toEqual(paths(view).map((path) => colourOf(Number(/(\d+)\.png/.exec(path)![1]))));
      expect(imageList(view).map(([path]) => path)).toEqual(paths(view));
      expect(() => view.readInto(Uint32Array.of(view.count), new Uint8Array(view.imageBytes))).toThrow(RangeError);
    }
    dataset.close();
  });

  it("holds out more with a larger share, and the same whatever the names are", async () => {
    const [small, large] = [await open(0.1), await open(0.4)];
    expect(paths(large.heldOut)).toEqual(expect.arrayContaining(paths(small.heldOut)));
    const before = new Set(colours(small.heldOut));
    small.close();
    large.close();
    const renamed = temporaryFolder();
    mkdirSync(join(renamed, "images"));
    writeFiles(renamed, { "images/z.png": await plainPng([...before][0]!), "images/a.png": await plainPng("#123456") });
    renameSync(join(renamed, "images/z.png"), join(renamed, "images/0.png"));
    const dataset = await openDataset(dataConfig({ holdout: 0.1 }), renamed);
    expect(paths(dataset.heldOut)).toContain("0.png");
    dataset.close();
  });

  it("never lets a held-out image into a batch", async () => {
    const parsed = parseExperiment(
      "data: { path: images, image_size: 8, holdout: 0.3 }\nmodel: { patch_size: 2, embed_dim: 16, depth: 3, num_heads: 2 }\npretrain: { batch_size: 16 }",
    );
    if (!parsed.ok) throw new Error(parsed.diagnostics[0]?.message);
    const dataset = await openDataset(parsed.experiment.data, base);
    const read: number[] = [];
    const source = new BatchSource(parsed.experiment, "pretrain", {
      ...dataset,
      readInto(indices, out) {
        read.push(...indices);
        dataset.readInto(indices, out);
      },
    });
    const epoch = Math.ceil(dataset.count / 16);
    for (let step = 0; step < 2 * epoch; step++) source.batch(step);
    const kept = new Set(paths(dataset.heldOut));
    expect(read.filter((index) => kept.has(dataset.images[index]!.path))).toEqual([]);
    expect(new Set(read).size).toBe(dataset.count);
    expect(batchContext(parsed.experiment, "pretrain", dataset.count).planner.plan(0).indices).toHaveLength(16);
    dataset.close();
  });

  it("says so where it leaves nothing to train on", async () => {
    const folder = temporaryFolder();
    const whole = await open(0.5);
    const [colour] = colours(whole.heldOut);
    whole.close();
    writeFiles(folder, { "images/only.png": await plainPng(colour!) });
    await expect(openDataset(dataConfig({ holdout: 0.5 }), folder)).rejects.toThrow(
      "data.holdout 0.5 keeps all 1 image out of training. Lower it, or add images.",
    );
    writeFiles(folder, { "images/again.png": await plainPng(colour!) });
    await expect(openDataset(dataConfig({ holdout: 0.5 }), folder)).rejects.toThrow(
      "keeps all 2 images out of training, which are 1 image and copies: copies stay together. Lower it",
    );
  });
});
