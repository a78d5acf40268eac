/** The engine against PyTorch: checkpoints load there as they are, and network, loss and gradients are the same. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { imagesToTokens, toPatchEmbedOrder } from "../../../src/core/batch/tokens.ts";
import { experimentSchema } from "../../../src/core/experiment/schema.ts";
import { gradientName } from "../../../src/core/model/graphs.ts";
import { elementsPerToken, type ModelShape, tokenCount } from "../../../src/core/model/shape.ts";
import type { NamedTensor } from "../../../src/core/model/tensor.ts";
import type { Feed } from "../../../src/trainer/engine/backend.ts";
import { Engine } from "../../../src/trainer/engine/engine.ts";
import { onnxBackend } from "../../../src/trainer/engine/onnx/backend.ts";
import { writeCheckpoint } from "../../../src/trainer/run/checkpoint.ts";
import { TORCH_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { type TorchModelConfig, torchPredict, torchTrainStep } from "../../python/torchUvit.ts";
import { maxAbs, outputArrays, relativeError } from "./compare.ts";
import { normals, TINY_CASES, type TinyModel, tinyModel } from "./tinyModels.ts";

// A busy machine takes its time to import torch.
vi.setConfig({ testTimeout: 240_000 });

const TOLERANCE = 1e-5;
const folder = mkdtempSync(path.join(tmpdir(), "maskdm-engine-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const backend = onnxBackend({ provider: "cpu", threads: 2 });

function torchConfig(shape: ModelShape): TorchModelConfig {
  const { data, model, mask } = experimentSchema.parse({
    data: { path: ".", image_size: shape.imageSize, channels: shape.channels },
    model: {
      backbone: shape.backbone,
      patch_size: shape.patchSize,
      embed_dim: shape.embedDim,
      depth: shape.depth,
      num_heads: shape.numHeads,
      mlp_ratio: shape.mlpRatio,
      qkv_bias: shape.qkvBias,
      time_embedding: shape.timeMlp ? "mlp" : "sinusoidal",
      qk_norm: shape.qkNorm,
      norm: shape.norm,
      mlp: shape.mlp,
      positions: shape.positions,
      output_conv: shape.outputConv,
      num_classes: shape.numClasses,
    },
    mask: maskKeys(shape),
  });
  return { image_size: data.image_size, channels: data.channels, ...model, ...mask };
}

function maskKeys({ hidden }: ModelShape) {
  if (hidden.mode === "drop") return {};
  return { mode: hidden.mode, [hidden.mode === "route" ? "route_from" : "fuse_blocks"]: hidden.denseBlocks };
}

/** An engine that holds the model's weights, and half of each of them as its moving average. */
async function engineOf({ shape, specs, inputs }: TinyModel): Promise<Engine> {
  const engine = new Engine(backend, { shape, seed: 0 });
  const tensors = (factor: number) =>
    new Map<string, NamedTensor>(
      specs.map(({ name, shape }) => {
        const data = (inputs.get(name) as Float32Array).map((value) => factor * value);
        return [name, { name, shape, data }];
      }),
    );
  await engine.load(tensors(1), "raw", "the test");
  await engine.load(tensors(0.5), "ema", "the test");
  return engine;
}

/** Writes the engine's state as a run would. @returns the checkpoint's folder */
async function checkpoint(engine: Engine, name: string): Promise<string> {
  const state = { stage: "pretrain", step: 1, imagesSeen: 2, emaUpdates: 1, elapsedSeconds: 1 } as const;
  return writeCheckpoint(path.join(folder, name), state, await engine.tensors());
}

/** Rows of [B, N, e] that are fed: those that the visible tokens [B · S] name, or all. */
function fedRows(tokens: Float32Array, { shape, visibleTokens, visible }: TinyModel): Float32Array {
  if (shape.hidden.mode !== "drop") return tokens;
  const elements = elementsPerToken(shape);
  const N = tokenCount(shape);
  const rows = new Float32Array(visible.length * elements);
  visible.forEach((token, i) => {
    const row = Math.floor(i / visibleTokens) * N + token;
    rows.set(tokens.subarray(row * elements, (row + 1) * elements), i * elements);
  });
  return rows;
}

describe.each(TINY_CASES)("$title", (tiny) => {
  const model = tinyModel(tiny);
  const { shape, batchSize, timesteps, visible, inputs } = model;
  const config = torchConfig(shape);
  const x = normals(6000, batchSize * shape.imageSize ** 2 * shape.channels);
  const tokens = imagesToTokens(x, batchSize, shape);
  const labels = shape.numClasses > 0 ? (inputs.get("labels") as Int32Array) : null;

  it("a checkpoint written here predicts the same in PyTorch", async (test) => {
    const python = requirePython(test, TORCH_MODULES);
    const engine = await engineOf(model);
    const dir = await checkpoint(engine, `predict ${tiny.title}`);
    const whole = Int32Array.from({ length: batchSize * tokenCount(shape) }, (_, i) => i % tokenCount(shape));
    for (const [weights, file] of [
      ["raw", "model.safetensors"],
      ["ema", "ema.safetensors"],
    ] as const) {
      const ours = await engine.predict(toPatchEmbedOrder(tokens, shape), timesteps, labels, weights);
      const modelFile = path.join(dir, file);
      const theirs = await torchPredict({ python, modelFile, config, x, timesteps, visible: whole, labels });
      expect(maxAbs(theirs), weights).toBeGreaterThan(0.1);
      expect(maxAbs(ours.map((value, i) => value - theirs[i]!)), weights).toBeLessThan(TOLERANCE);
    }
    await engine.dispose();
  });

  it("loss and gradients are those of PyTorch's autograd", async (test) => {
    const python = requirePython(test, TORCH_MODULES);
    const engine = await engineOf(model);
    const modelFile = path.join(await checkpoint(engine, `gradients ${tiny.title}`), "model.safetensors");
    const feeds = new Map<string, Feed>(inputs);
    feeds.set("tokens", toPatchEmbedOrder(fedRows(tokens, model), shape));
    const outputs = outputArrays(model.training);
    const executable = await backend.compile(model.training);
    await executable.run(feeds, outputs);
    await executable.dispose();
    await engine.dispose();

    // The graph sums the images' losses, PyTorch's loss is their mean.
    const weights = (inputs.get("weight") as Float32Array).map((weight) => weight * batchSize);
    const target = inputs.get("target") as Float32Array;
    const theirs = await torchTrainStep({
      python,
      modelFile,
      config,
      x,
      timesteps,
      visible,
      labels,
      target,
      weights,
      precision: "float64",
    });
    const loss = outputs.get("loss")!.reduce((total, value) => total + value, 0);
    expect(Math.abs(loss - theirs.loss) / theirs.loss).toBeLessThan(TOLERANCE);
    expect([...theirs.gradients.keys()].sort()).toEqual(model.specs.map(({ name }) => name).sort());
    for (const [name, { data }] of theirs.gradients) {
      expect(relativeError(outputs.get(gradientName(name))!, data), name).toBeLessThan(TOLERANCE);
    }
  });
});
