/** The package's samplers against the TypeScript ones: equal pictures from equal weights. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Experiment } from "../../../src/core/experiment/schema.ts";
import type { Backend } from "../../../src/trainer/engine/backend.ts";
import { writeSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { TORCH_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { askTorch } from "../../python/torchProcess.ts";
import { relativeError } from "../engine/compare.ts";
import { ownBackend, ownNetwork } from "./ownEngine.ts";
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

/** What a network draws; its weights are left in the folder. */
async function drawn(experiment: Experiment): Promise<Float32Array> {
  const network = await ownNetwork(backend, experiment);
  writeSafetensors(path.join(folder, "weights.safetensors"), network.tensors, {});
  const images = await network.draw(COUNT);
  await network.dispose();
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
