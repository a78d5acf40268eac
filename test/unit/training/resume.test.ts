/** A run that is killed again and again ends in the same bytes as one that never stopped. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ExperimentInput } from "../../../src/core/experiment/schema.ts";
import { type Kill, type Moment, trainWithKills } from "./kills.ts";
import { differences, learning, recordOf, statusOf, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const kills: Kill[] = [];

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 21, size: 16 });
  await writeImages(shop.path("labelled"), { count: 18, size: 8, classes: ["birds", "cats", "dogs"] });
});

/** More than 100 steps, after which the moving average is no copy of the weights any more. */
const STEPS = 115;
const MOMENTS: readonly Moment[] = ["step", "checkpoint", "step", "start", "checkpoint", "step"];

const CONFIGURATIONS: Record<string, ExperimentInput> = {
  "patches, flips, clipping, warm-up, cosine, samples; two threads": tinyExperiment({
    data: { path: "images", image_size: 16, hflip: 0.5 },
    model: { patch_size: 4, embed_dim: 32, depth: 3, num_heads: 2 },
    pretrain: {
      steps: STEPS,
      batch_size: 8,
      lr: 1e-3,
      lr_schedule: "cosine",
      warmup_steps: 17,
      clip_grad: 0.5,
      checkpoint_every: 6,
      log_every: 4,
      sample_every: 20,
    },
    sample: { count: 2, steps: 3 },
    engine: { threads: 2 },
  }),
  "blocks, micro-batches, min-SNR weights; two threads": tinyExperiment({
    data: { path: "images", image_size: 16 },
    mask: { strategy: "block", rate: 0.5, block_size: 2 },
    diffusion: { loss_weighting: "min_snr", schedule: "linear" },
    pretrain: {
      steps: STEPS,
      batch_size: 8,
      micro_batch_size: 2,
      lr: 2e-3,
      checkpoint_every: 5,
      keep_checkpoints: 1,
      log_every: 7,
      sample_every: 0,
    },
    engine: { threads: 2 },
    seed: 3,
  }),
  "crops, classes, the velocity of a flow at logit-normal timesteps; one thread": tinyExperiment({
    data: { path: "labelled", image_size: 8, labels: "folders" },
    model: { patch_size: 2, embed_dim: 16, depth: 2, num_heads: 2, num_classes: 3, class_dropout: 0.3 },
    mask: { strategy: "crop", rate: 0.5 },
    diffusion: {
      process: "flow",
      prediction: "x0",
      loss_weighting: "velocity",
      timestep_distribution: "logit_normal",
      logit_mean: -0.4,
    },
    pretrain: { steps: STEPS, batch_size: 5, lr: 2e-3, checkpoint_every: 7, log_every: 3, sample_every: 0 },
    seed: 11,
  }),
};

describe("a run killed again and again", () => {
  it.each(Object.entries(CONFIGURATIONS))(
    "ends in the same weights and metrics as one never stopped: %s",
    async (_, experiment) => {
      const number = Object.values(CONFIGURATIONS).indexOf(experiment);
      const file = shop.experiment(`configuration-${number}`, experiment);
      const [whole, broken] = [`whole-${number}`, `broken-${number}`];
      const reference = shop.succeed("pretrain", file, "--run", whole);
      const plan = { seed: number, moments: MOMENTS, steps: STEPS };
      const hits = await trainWithKills(shop, broken, ["pretrain", file, "--run", broken], plan);
      await reference;
      kills.push(...hits);
      expect(differences(shop.run(whole), shop.run(broken))).toEqual([]);
      expect(learning(shop.run(broken))).toEqual(learning(shop.run(whole)));
      expect(await samples(shop.run(broken))).toEqual(await samples(shop.run(whole)));
      expect(statusOf(shop.run(broken))).toMatchObject({ state: "finished", step: STEPS });
    },
  );

  it("ends in the same weights and metrics when finetuning, killed before its first checkpoint too", async () => {
    const parent = "whole-0";
    const file = shop.experiment("finetune", {
      ...CONFIGURATIONS["patches, flips, clipping, warm-up, cosine, samples; two threads"]!,
      finetune: { steps: 60, batch_size: 24, lr: 1e-3, checkpoint_every: 25, log_every: 2, sample_every: 0 },
    });
    const first = (id: string) => ["finetune", file, "--from", parent, "--set", "finetune.weights=ema", "--run", id];
    await shop.succeed(...first("finetuned"));
    const moments: readonly Moment[] = ["step", "step", "checkpoint", "step", "step"];
    // The first kill is planned within the first 12 steps, long before the first checkpoint.
    const hits = await trainWithKills(shop, "finetuned-broken", first("finetuned-broken"), {
      seed: 5,
      moments,
      steps: 52,
    });
    kills.push(...hits);
    expect(hits[0]!.saved).toBe(0);
    expect(differences(shop.run("finetuned"), shop.run("finetuned-broken"))).toEqual([]);
    expect(learning(shop.run("finetuned-broken"))).toEqual(learning(shop.run("finetuned")));
    const { parent: recorded, sessions } = recordOf(shop.run("finetuned-broken"));
    expect(recorded).toMatchObject({ run: parent, weights: "ema", step: STEPS });
    expect(sessions.length).toBeGreaterThan(1);
  });

  it("was hit at least 20 times, mostly in the middle of training and also while a checkpoint was written", () => {
    const list = kills.map((kill) => JSON.stringify(kill)).join("\n");
    expect(kills.length, list).toBeGreaterThanOrEqual(20);
    expect(kills.filter(({ midRun }) => midRun).length, list).toBeGreaterThanOrEqual(12);
    expect(kills.filter(({ halfWritten }) => halfWritten).length, list).toBeGreaterThanOrEqual(1);
    // Beyond the newest checkpoint: lines of metrics were written that the resume has to take back.
    expect(kills.filter(({ step, saved }) => step > saved).length, list).toBeGreaterThanOrEqual(5);
  });
});

/** Pixels of the pictures by name; the files tell the id of their run, too. */
async function samples(runDir: string): Promise<Record<string, string>> {
  const folder = join(runDir, "samples");
  const pixels: Record<string, string> = {};
  for (const name of readdirSync(folder)) {
    const { data } = await sharp(join(folder, name)).raw().toBuffer({ resolveWithObject: true });
    pixels[name] = data.toString("base64");
  }
  return pixels;
}

if (process.env["MASKDM_SHOW_KILLS"] === "1") afterAll(() => console.table(kills));
