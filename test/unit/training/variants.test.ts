/** Every kind of network and objective learns something within 30 steps on pictures that are easy to learn. */
import { beforeAll, expect, it } from "vitest";
import type { ExperimentInput } from "../../../src/core/experiment/schema.ts";
import { learning, QUICK, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 24, size: 8 });
  await writeImages(shop.path("labelled"), { count: 24, size: 8, classes: ["a", "b", "c"] });
});

const data = { path: "images", image_size: 8 };
const model = { patch_size: 2, embed_dim: 32, depth: 3, num_heads: 2 };

const VARIANTS: Record<string, Partial<ExperimentInput>> = {
  "the plain one, noise predicted": {},
  "conditioned on classes": {
    data: { path: "labelled", image_size: 8, labels: "folders" },
    model: { ...model, num_classes: 3 },
  },
  "grey pictures": { data: { ...data, channels: 1 } },
  "velocity predicted": { diffusion: { prediction: "v" } },
  "clean pictures predicted": { diffusion: { prediction: "x0" } },
  "min-SNR weights on the noise": { diffusion: { loss_weighting: "min_snr" } },
  "min-SNR weights on the velocity": { diffusion: { prediction: "v", loss_weighting: "min_snr" } },
  "a flow: the picture by the loss of its velocity": {
    diffusion: {
      process: "flow",
      prediction: "x0",
      loss_weighting: "velocity",
      timestep_distribution: "logit_normal",
      logit_mean: -0.8,
      logit_std: 0.8,
    },
  },
  "a flow: velocity predicted": { diffusion: { process: "flow", prediction: "v" } },
  "a flow: noise predicted, min-SNR weights": { diffusion: { process: "flow", loss_weighting: "min_snr" } },
  "a linear noise schedule": { diffusion: { schedule: "linear" } },
  "a time embedding with an MLP": { model: { ...model, time_embedding: "mlp" } },
  "biases on queries and values": { model: { ...model, qkv_bias: true } },
  "normalised queries and keys, RMSNorm and SwiGLU": {
    model: { ...model, qk_norm: "rms", norm: "rms", mlp: "swiglu" },
  },
  "a DiT with all of these": {
    model: { ...model, backbone: "dit", qk_norm: "rms", norm: "rms", mlp: "swiglu" },
  },
  "fixed positions": { model: { ...model, positions: "sincos" } },
  "an output convolution, no mask": { model: { ...model, output_conv: "residual" }, mask: { strategy: "none" } },
  "an even depth and no mask": { model: { ...model, depth: 2 }, mask: { strategy: "none" } },
};

it.each(Object.entries(VARIANTS))("learns: %s", async (name, variant) => {
  const id = name.replace(/\W+/g, "-");
  const file = shop.experiment(
    id,
    tinyExperiment({ data, model, pretrain: { ...QUICK, batch_size: 32, lr: 5e-3, log_every: 3 }, ...variant }),
  );
  await shop.succeed("pretrain", file, "--run", id);
  const losses = learning(shop.run(id)).map(({ loss }) => loss!);
  expect(losses).toHaveLength(10);
  expect((losses[8]! + losses[9]!) / 2, losses.join(" ")).toBeLessThan(0.8 * losses[0]!);
});
