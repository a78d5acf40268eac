/** The package's samplers against the TypeScript ones: equal pictures from equal weights. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { imagesToTokens, tokensToImages, toPatchEmbedOrder } from "../../../src/core/batch/tokens.ts";
import { guidanceOf, guided } from "../../../src/core/diffusion/guidance.ts";
import { type Denoiser, sampleImages } from "../../../src/core/diffusion/samplers.ts";
import type { Experiment } from "../../../src/core/experiment/schema.ts";
import { modelShape } from "../../../src/core/model/shape.ts";
import type { Backend } from "../../../src/trainer/engine/backend.ts";
import { Engine } from "../../../src/trainer/engine/engine.ts";
import { writeSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { TORCH_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { askTorch } from "../../python/torchProcess.ts";
import { relativeError } from "../engine/compare.ts";
import { normals } from "../engine/tinyModels.ts";
import { ownBackend } from "./ownEngine.ts";
import { type Sections, variant } from "./variants.ts";

// A busy machine takes its time to import torch.
vi.setConfig({ testTimeout: 240_000 });

const COUNT = 3;
const classes = { data: { labels: "folders" }, model: { num_classes: 2 } } as const;
const flow = { process: "flow" } as const;

const CASES: readonly [string, Sections][] = [
  ["ddim, noise, no clamp", { sample: { steps: 7, clip: false } }],
  ["ddim without noise, velocities", { sample: { steps: 7, eta: 0 }, diffusion: { prediction: "v" } }],
  [
    "ancestral, images, linear",
    { sample: { sampler: "ancestral", steps: 6 }, diffusion: { prediction: "x0", schedule: "linear" } },
  ],
  ["dpmpp_2m", { sample: { sampler: "dpmpp_2m", steps: 6 } }],
  ["dpmpp_2m, flow of images", { sample: { sampler: "dpmpp_2m", steps: 6 }, diffusion: { ...flow, prediction: "x0" } }],
  [
    "euler, flow of noise, more steps than times",
    { sample: { sampler: "euler", steps: 9 }, diffusion: { ...flow, timesteps: 5 } },
  ],
  ["heun, flow of velocities", { sample: { sampler: "heun", steps: 8 }, diffusion: { ...flow, prediction: "v" } }],
  [
    "heun, guided in an interval",
    {
      ...classes,
      // Where noise is predicted, Heun's first step divides what engines round differently by hardly any signal.
      diffusion: { prediction: "v" },
      sample: { sampler: "heun", steps: 9, guidance: 2.5, guidance_interval: [0.2, 0.7] },
    },
  ],
  ["ddim, without class", { ...classes, sample: { steps: 5, guidance: 0 } }],
  [
    "ancestral, fuse, output convolution",
    { model: { output_conv: "residual" }, mask: { mode: "fuse" }, sample: { sampler: "ancestral", steps: 5 } },
  ],
];

let backend: Backend;
let folder = "";
beforeAll(async () => {
  backend = await ownBackend();
  folder = mkdtempSync(path.join(tmpdir(), "maskdm-draw-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a network draws whose weights are larger than new ones, and so its differences. They are left in the folder. */
async function drawn(experiment: Experiment): Promise<Float32Array> {
  const { data, model, sample, diffusion, seed } = experiment;
  const engine = new Engine(backend, { shape: modelShape(experiment), seed });
  const { raw } = await engine.tensors();
  raw.forEach(({ name, data }, i) => {
    if (name.endsWith("pos_embed")) return;
    const change = normals(7000 + i, data.length);
    for (let k = 0; k < data.length; k++) data[k]! += 0.05 * change[k]!;
  });
  await engine.load(new Map(raw.map((tensor) => [tensor.name, tensor])), "raw", "the test");
  writeSafetensors(path.join(folder, "weights.safetensors"), raw, {});
  const shape = { imageSize: data.image_size, channels: data.channels, patchSize: model.patch_size };
  const network: Denoiser = async (x, timesteps, labels) => {
    const tokens = toPatchEmbedOrder(imagesToTokens(x, timesteps.length, shape), shape);
    return tokensToImages(await engine.predict(tokens, timesteps, labels, "raw"), timesteps.length, shape);
  };
  const labels = model.num_classes > 0 ? Int32Array.from({ length: COUNT }, (_, i) => i % model.num_classes) : null;
  const denoiser = guided(network, guidanceOf(experiment));
  const images = await sampleImages({ denoiser, diffusion, sample, seed, ...shape, count: COUNT, labels });
  await engine.dispose();
  return images;
}

describe("samplers of the package maskdm_torch", () => {
  it.for(CASES)("%s", async ([title, sections], test) => {
    const python = requirePython(test, TORCH_MODULES);
    const { experiment } = variant(title, sections);
    const ours = await drawn(experiment);
    await askTorch(python, { task: "draw", folder, experiment, count: COUNT });
    const bytes = readFileSync(path.join(folder, "images.f32"));
    const theirs = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    expect(relativeError(theirs, ours)).toBeLessThan(1e-4);
    // Not all of it is at the clamp.
    expect(new Set(ours).size).toBeGreaterThan(50);
  });
});
