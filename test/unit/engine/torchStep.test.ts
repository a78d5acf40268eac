/** A whole training step against PyTorch: loss, gradients accumulated over micro-batches, AdamW's update. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { stageMasks } from "../../../src/core/batch/context.ts";
import { imagesToTokens, type TokenShape, toPatchEmbedOrder } from "../../../src/core/batch/tokens.ts";
import { type ExperimentInput, experimentSchema } from "../../../src/core/experiment/schema.ts";
import { drawVisibleTokens } from "../../../src/core/masks/masks.ts";
import { elementsPerToken, modelShape, tokenCount } from "../../../src/core/model/shape.ts";
import { RandomStream } from "../../../src/core/random/streams.ts";
import { Engine } from "../../../src/trainer/engine/engine.ts";
import { onnxBackend } from "../../../src/trainer/engine/onnx/backend.ts";
import { readCheckpoint, writeCheckpoint } from "../../../src/trainer/run/checkpoint.ts";
import { TORCH_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { torchTrainStep } from "../../python/torchUvit.ts";

// A busy machine takes its time to import torch.
vi.setConfig({ testTimeout: 240_000 });

const B = 3;
const TOLERANCE = 1e-4;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "maskdm-torch-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CASES: readonly { title: string; model: Partial<ExperimentInput["model"]>; mask: ExperimentInput["mask"] }[] = [
  { title: "whole images", model: {}, mask: { strategy: "none" } },
  { title: "patch, even depth", model: { depth: 4 }, mask: { strategy: "patch", rate: 0.75 } },
  {
    title: "block, labels, biases",
    model: { num_classes: 5, qkv_bias: true },
    mask: { strategy: "block", rate: 0.5, block_size: 2 },
  },
  { title: "crop, time MLP", model: { time_embedding: "mlp" }, mask: { strategy: "crop", rate: 0.6 } },
  { title: "output convolution", model: { output_conv: "residual" }, mask: { strategy: "none" } },
  { title: "idle output convolution", model: { output_conv: "residual" }, mask: { strategy: "patch", rate: 0.75 } },
];

async function setUp({ model, mask }: (typeof CASES)[number]) {
  const experiment = experimentSchema.parse({
    data: { path: ".", image_size: 16 },
    model: { patch_size: 2, embed_dim: 32, depth: 5, num_heads: 4, ...model },
    mask,
  });
  const shape = modelShape(experiment);
  const { geometry } = stageMasks(experiment, "pretrain")[0]!;
  const noise = (item: number, count: number) => {
    const out = new Float32Array(count);
    new RandomStream({ seed: 3, stage: "pretrain", stream: "noise", step: 0, item }).fillNormal(out, 0, count);
    return out;
  };
  const x = noise(0, B * 16 * 16 * 3);
  const visible = new Int32Array(B * geometry.visibleTokens);
  for (let b = 0; b < B; b++) {
    const stream = new RandomStream({ seed: 3, stage: "pretrain", stream: "mask", step: 0, item: b });
    visible.set(drawVisibleTokens(geometry, stream), b * geometry.visibleTokens);
  }
  const engine = new Engine(onnxBackend({ provider: "cpu", threads: 2 }), { shape, seed: 11 });
  // Weights of a trained network are larger than the initial ones; differences would hide in outputs near zero.
  (await engine.tensors()).raw.forEach(({ data }, i) => {
    const change = noise(100 + i, data.length);
    data.forEach((value, k) => {
      data[k] = value + 0.1 * change[k]!;
    });
  });
  await engine.restartEma();
  const timesteps = Int32Array.of(0, 417, 999);
  const labels = shape.numClasses > 0 ? Int32Array.of(4, 0, shape.numClasses) : null;
  const tokenShape: TokenShape = { imageSize: 16, channels: 3, patchSize: 2 };
  const { image_size, channels } = experiment.data;
  const config = { image_size, channels, ...experiment.model };
  const run = path.join(folder, `${Math.random()}`);
  const state = { stage: "pretrain", step: 1, imagesSeen: B, emaUpdates: 1, elapsedSeconds: 0 } as const;
  const checkpoint = writeCheckpoint(run, state, await engine.tensors());
  return { shape, geometry, x, visible, engine, timesteps, labels, tokenShape, config, checkpoint, noise };
}

function expectClose(actual: Float32Array, expected: Float32Array, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const worst = expected.reduce((max, value, i) => Math.max(max, Math.abs(value - actual[i]!)), 0);
  expect(worst, `${what}: off by ${worst}, largest value ${largest}`).toBeLessThanOrEqual(
    TOLERANCE * Math.max(largest, 1e-6),
  );
}

describe("a training step", () => {
  it.for(CASES)("has the loss, gradients and update of PyTorch: $title", async (testCase, context) => {
    const python = requirePython(context, TORCH_MODULES);
    const { x, visible, engine, timesteps, labels, tokenShape, config, checkpoint, geometry, shape, noise } =
      await setUp(testCase);
    const S = geometry.visibleTokens;
    const elements = elementsPerToken(shape);
    const whole = imagesToTokens(x, B, tokenShape);
    const picked = new Float32Array(B * S * elements);
    visible.forEach((token, i) => {
      const from = (Math.floor(i / S) * tokenCount(shape) + token) * elements;
      picked.set(whole.subarray(from, from + elements), i * elements);
    });
    const target = noise(1, picked.length);
    const weight = Float32Array.of(1, 0.5, 2);
    const modelFile = path.join(checkpoint, "model.safetensors");
    const before = readCheckpoint(checkpoint, ["raw"]).tensors.raw;
    const theirs = await torchTrainStep({
      python,
      modelFile,
      config,
      x,
      timesteps,
      visible,
      labels,
      target,
      weights: weight,
    });

    const lr = 1e-3;
    const tokens = toPatchEmbedOrder(picked, tokenShape);
    const batch = { batchSize: B, visibleTokens: S, tokens, target, timesteps, visible, weight, labels };
    const adamW = { lr, weightDecay: 0.03, beta1: 0.99, beta2: 0.99, epsilon: 1e-8, update: 1, emaDecay: 0 };
    // Micro-batches of one, so that their accumulation is compared, too.
    const step = { ...adamW, microBatchSize: 1, clipGrad: null, wantGradNorm: true };
    const result = await engine.trainStep(batch, step);

    const loss = result.losses.reduce((sum, value) => sum + value, 0) / B;
    expect(Math.abs(loss - theirs.loss)).toBeLessThan(TOLERANCE * theirs.loss);
    let squares = 0;
    for (const { data } of theirs.gradients.values()) for (const value of data) squares += value * value;
    expect(Math.abs(result.gradNorm! - Math.sqrt(squares))).toBeLessThan(TOLERANCE * Math.sqrt(squares));
    // After one update the first moment is (1 - beta1) g.
    for (const { name, data } of (await engine.tensors()).optimizer.filter(({ name }) => name.startsWith("exp_avg."))) {
      const parameter = name.slice("exp_avg.".length);
      expectClose(
        data.map((value) => value / 0.01),
        theirs.gradients.get(parameter)!.data,
        `gradient of ${parameter}`,
      );
    }
    // p - lr (decay p + g / (|g| + epsilon)) where the gradient is not lost in rounding
    for (const { name, data } of (await engine.tensors()).raw) {
      const gradient = theirs.gradients.get(name)!.data;
      const old = before.get(name)!.data;
      const largest = gradient.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      data.forEach((value, i) => {
        if (Math.abs(gradient[i]!) < 1e-2 * largest) return;
        const expected = old[i]! * (1 - lr * 0.03) - (lr * gradient[i]!) / (Math.abs(gradient[i]!) + 1e-8);
        expect(Math.abs(value - expected), `${name}[${i}]`).toBeLessThan(1e-6);
      });
    }
    await engine.dispose();
  });
});
