/** The designer's preview against the batches that training takes in: the same values, bit for bit. */
import { describe, expect, it } from "vitest";
import { assembleBatch } from "../../../src/core/batch/assemble.ts";
import { batchContext } from "../../../src/core/batch/context.ts";
import { LivePreview, type PreviewView } from "../../../src/core/batch/livePreview.ts";
import { previewBatch } from "../../../src/core/batch/preview.ts";
import { tokenElements, toPatchEmbedOrder } from "../../../src/core/batch/tokens.ts";
import type { Experiment } from "../../../src/core/experiment/schema.ts";
import type { Stage } from "../../../src/core/random/streams.ts";
import { BatchSource } from "../../../src/trainer/loop/batches.ts";
import { experimentOf, imagesInMemory } from "./support.ts";

const IMAGES = 23;

interface Case {
  readonly mask: string;
  readonly seed: number;
  readonly stage: Stage;
  readonly data?: string;
  readonly diffusion?: string;
}
const CASES: readonly Case[] = [
  { mask: "{ strategy: patch, rate: 0.75 }", seed: 0, stage: "pretrain" },
  { mask: "{ strategy: patch, rate: 0.3 }", seed: 9007199254740991, stage: "pretrain" },
  { mask: "{ strategy: block, rate: 0.9, block_size: 2 }", seed: 7, stage: "pretrain" },
  { mask: "{ strategy: crop, rate: 0.5 }", seed: 7, stage: "pretrain" },
  { mask: "{ strategy: crop, crop_size: 3 }", seed: 11, stage: "pretrain", data: "channels: 1" },
  { mask: "{ strategy: none }", seed: 2, stage: "pretrain" },
  {
    mask: "{ strategy: patch, rate: 0.75 }",
    seed: 3,
    stage: "pretrain",
    diffusion: "process: flow, timestep_distribution: logit_normal",
  },
  { mask: "{ strategy: block, rate: 0.9, block_size: 2 }", seed: 7, stage: "finetune" },
];
const STEPS = [0, 1, 19, 4_000_000];

function experimentFor({ mask, seed, data, diffusion }: Case): Experiment {
  return experimentOf(`
data: { path: images, image_size: 16, hflip: 0.5, ${data ?? "channels: 3"} }
model: { patch_size: 2 }
mask: ${mask}
diffusion: { ${diffusion ?? ""} }
pretrain: { batch_size: 6 }
finetune: { batch_size: 4 }
seed: ${seed}
`);
}

describe.each(CASES)("the preview of $stage with mask $mask and seed $seed", (given) => {
  const experiment = experimentFor(given);
  const { stage } = given;
  const dataset = imagesInMemory(experiment, IMAGES);
  const request = { experiment, stage, datasetSize: IMAGES, count: 64 };

  it.each(STEPS)("has the plan and the noised values of step %i", (step) => {
    const preview = new LivePreview({ ...request, step });
    const batch = new BatchSource(experiment, stage, dataset).batch(step);
    expect(preview.count).toBe(batch.batchSize);
    expect([...preview.plan.visible]).toEqual([...batch.visible]);
    expect([...preview.plan.timesteps]).toEqual([...batch.timesteps]);
    const { shape } = preview.context;
    const perImage = preview.visibleTokens * tokenElements(shape);
    for (let slot = 0; slot < preview.count; slot++) {
      const values = preview.noisedTokens(slot, imageOf(preview, slot), null);
      const expected = batch.tokens.subarray(slot * perImage, (slot + 1) * perImage);
      expect([...toPatchEmbedOrder(values, shape)]).toEqual([...expected]);
    }
  });

  it("draws the pixels that maskdm preview draws", () => {
    const preview = new LivePreview({ ...request, step: 3 });
    const context = batchContext(experiment, stage, IMAGES);
    const plan = context.planner.plan(3);
    const pixels = new Uint8Array(plan.indices.length * dataset.imageBytes);
    dataset.readInto(plan.indices, pixels);
    const picture = previewBatch(context, plan, pixels, plan.indices.length);
    for (const view of ["original", "masked", "noised"] as const) {
      expect(draw(preview, view)).toEqual([...picture[view]]);
    }
  });

  /** One view of all images as RGB. */
  function draw(preview: LivePreview, view: PreviewView): number[] {
    const area = 16 * 16;
    const rgb: number[] = [];
    for (let slot = 0; slot < preview.count; slot++) {
      const data = new Uint8ClampedArray(area * 4);
      preview.draw(view, slot, imageOf(preview, slot), null, { data, depth: 4 });
      for (let i = 0; i < data.length; i += 4) {
        rgb.push(...data.subarray(i, i + 3));
        expect(data[i + 3]).toBe(255);
      }
    }
    return rgb;
  }

  function imageOf(preview: LivePreview, slot: number): Uint8Array {
    const pixels = new Uint8Array(dataset.imageBytes);
    dataset.readInto(preview.plan.indices.subarray(slot, slot + 1), pixels);
    return pixels;
  }
});

describe("a preview made from the one before", () => {
  const first = experimentFor(CASES[0]!);
  const with_ = (change: Partial<Experiment>): Experiment => ({ ...first, ...change });
  const changes: readonly [string, Experiment, Stage, number][] = [
    ["another rate", with_({ mask: { ...first.mask, rate: 0.2 } }), "pretrain", 5],
    ["another strategy", with_({ mask: { ...first.mask, strategy: "block", block_size: 4 } }), "pretrain", 5],
    ["another patch size", with_({ model: { ...first.model, patch_size: 4 } }), "pretrain", 5],
    ["another seed", with_({ seed: 99 }), "pretrain", 5],
    ["another step", first, "pretrain", 6],
    ["the other stage", first, "finetune", 5],
    ["another noise schedule", with_({ diffusion: { ...first.diffusion, schedule: "linear" } }), "pretrain", 5],
    ["the same again", first, "pretrain", 5],
  ];

  it.each(changes)("%s: has training's values still", (_, experiment, stage, step) => {
    const dataset = imagesInMemory(experiment, IMAGES);
    const request = { datasetSize: IMAGES, count: 3 };
    const pixels = new Uint8Array(dataset.imageBytes);
    const before = new LivePreview({ ...request, experiment: first, stage: "pretrain", step: 5 });
    // Noise is kept as it is drawn.
    for (let slot = 0; slot < before.count; slot++) before.noisedTokens(slot, pixels, null);
    const preview = new LivePreview({ ...request, experiment, stage, step }, before);
    const batch = new BatchSource(experiment, stage, dataset).batch(step);
    const S = preview.visibleTokens;
    expect([...preview.plan.visible]).toEqual([...batch.visible.subarray(0, 3 * S)]);
    const perImage = S * tokenElements(preview.context.shape);
    for (let slot = 0; slot < preview.count; slot++) {
      dataset.readInto(preview.plan.indices.subarray(slot, slot + 1), pixels);
      const values = toPatchEmbedOrder(preview.noisedTokens(slot, pixels, null), preview.context.shape);
      expect([...values]).toEqual([...batch.tokens.subarray(slot * perImage, (slot + 1) * perImage)]);
    }
  });
});

it("a chosen timestep takes the plan's noise at another level", () => {
  const experiment = experimentFor(CASES[0]!);
  const dataset = imagesInMemory(experiment, IMAGES);
  const preview = new LivePreview({ experiment, stage: "pretrain", datasetSize: IMAGES, step: 2, count: 1 });
  const context = batchContext(experiment, "pretrain", IMAGES);
  const plan = context.planner.plan(2, 1);
  const pixels = new Uint8Array(dataset.imageBytes);
  dataset.readInto(plan.indices, pixels);
  for (const t of [0, 500, 999]) {
    const batch = assembleBatch(context, { ...plan, timesteps: Int32Array.of(t) }, pixels, Int32Array.of(0));
    const values = toPatchEmbedOrder(preview.noisedTokens(0, pixels, t), preview.context.shape);
    expect([...values]).toEqual([...batch.tokens]);
  }
});

it("shows no more images than the batch holds, and needs one", () => {
  const experiment = experimentFor(CASES[0]!);
  const request = { experiment, stage: "pretrain", step: 0, count: 64 } as const;
  expect(new LivePreview({ ...request, datasetSize: 5 }).count).toBe(6);
  expect(() => new LivePreview({ ...request, datasetSize: 0 })).toThrow(RangeError);
});
