/** An engine that cannot train, whatever the images are, is told before they are decoded. */
import { copyFileSync, linkSync, readdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, expect, it } from "vitest";
import { newestCheckpoint, QUICK, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
/** Large ones, so that decoding them all takes many times as long as an engine's start. */
const IMAGES = 400;

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 24, size: 8 });
  await writeImages(shop.path("many"), { count: 1, size: 8 });
  const first = shop.path("many", "image-000.png");
  const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
  await sharp({ create: { width: 1200, height: 1200, channels: 3, background: "black", noise } })
    .png({ compressionLevel: 1 })
    .toFile(first);
  for (let i = 1; i < IMAGES; i++) linkSync(first, shop.path("many", `image-${String(i).padStart(3, "0")}.png`));
});

it("weights that do not fit the model end a run before its images are decoded", async () => {
  const file = shop.experiment("small", tinyExperiment({ pretrain: { ...QUICK, steps: 1 }, finetune: QUICK }));
  await shop.succeed("pretrain", file, "--run", "small");
  const weights = shop.path("weights.safetensors");
  copyFileSync(join(newestCheckpoint(shop.run("small")).dir, "model.safetensors"), weights);
  const model = ["--set", "model.embed_dim=32", "--set", "data.path=many"];
  const { exitCode, err } = await shop.maskdm("finetune", file, "--from", weights, ...model);
  expect(exitCode).toBe(2);
  expect(err).toContain("does not fit this experiment's model");
  expect(err).not.toContain(`decoding: ${IMAGES} images`);
  expect(err).not.toMatch(/decoding: (9\d|100)%/);
  expect(readdirSync(shop.path("runs"))).toEqual(["small"]);
}, 60_000);
