/** The PyTorch reference itself: does it follow the method, and do the files of this project fit it by name and shape? */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { experimentSchema } from "../../../src/core/experiment/schema.ts";
import { parameterSpecs } from "../../../src/core/model/backbones.ts";
import { sizeOf } from "../../../src/core/model/graph/graph.ts";
import { initialise } from "../../../src/core/model/parameterSpec.ts";
import { elementsPerToken, type ModelShape, modelShape } from "../../../src/core/model/shape.ts";
import type { NamedTensor } from "../../../src/core/model/tensor.ts";
import { writeSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { TORCH_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { type TorchModelConfig, torchPredict, torchSelftest, torchTrainStep } from "../../python/torchUvit.ts";

// A busy machine takes its time to import torch.
vi.setConfig({ testTimeout: 240_000 });

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "maskdm-reference-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Network {
  readonly config: TorchModelConfig;
  readonly shape: ModelShape;
}

function network(data: Record<string, unknown>, model: Record<string, unknown>): Network {
  const experiment = experimentSchema.parse({
    data: { path: ".", image_size: 8, ...data },
    model: { patch_size: 2, embed_dim: 16, depth: 5, num_heads: 2, ...model },
  });
  const { image_size, channels } = experiment.data;
  return { config: { image_size, channels, ...experiment.model }, shape: modelShape(experiment) };
}

/** Initial weights as a checkpoint would hold them; `change` may alter a tensor's values. */
function saveWeights({ shape }: Network, file: string, change: (tensor: NamedTensor) => void = () => {}): string {
  const tensors = parameterSpecs(shape).map((spec, index) => {
    const tensor = { name: spec.name, shape: spec.shape, data: new Float32Array(sizeOf(spec.shape)) };
    initialise(spec, index, 9, tensor.data);
    change(tensor);
    return tensor;
  });
  const target = path.join(folder, file);
  writeSafetensors(target, tensors, { format: "pt" });
  return target;
}

const batch = (net: Network, B: number, visible: readonly number[][]) => ({
  x: Float32Array.from({ length: B * net.config.image_size ** 2 * net.config.channels }, (_, i) => Math.sin(i)),
  timesteps: Int32Array.from({ length: B }, (_, i) => (i * 331) % 1000),
  visible: Int32Array.from(visible.flat()),
});

describe("the PyTorch U-ViT", () => {
  it("has the properties that the method asks for", async (test) => {
    const python = requirePython(test, TORCH_MODULES);
    expect(await torchSelftest(python)).toHaveLength(9);
  });

  const networks: [string, Network][] = [
    ["plain", network({}, {})],
    ["even depth, grey", network({ channels: 1 }, { depth: 4 })],
    ["one block", network({}, { depth: 1 })],
    ["biases of q and v, another MLP width", network({}, { qkv_bias: true, mlp_ratio: 2.53 })],
    ["time embedding of two layers", network({}, { time_embedding: "mlp" })],
    ["everything", network({}, { num_classes: 3, time_embedding: "mlp", qkv_bias: true })],
  ];
  for (const [name, net] of networks) {
    it(`loads this project's weights strictly: ${name}`, async (test) => {
      const python = requirePython(test, TORCH_MODULES);
      const modelFile = saveWeights(net, `${name}.safetensors`);
      const inputs = batch(net, 2, [
        [1, 7, 8, 15],
        [0, 2, 3, 9],
      ]);
      const labels = net.shape.numClasses > 0 ? Int32Array.of(0, 3) : null;
      const output = await torchPredict({ python, modelFile, config: net.config, ...inputs, labels });
      expect(output.length).toBe(2 * 4 * elementsPerToken(net.shape));
      expect(output.every(Number.isFinite)).toBe(true);
      expect(new Set(output).size).toBeGreaterThan(output.length / 2);
    });
  }
});

describe("torchPredict and torchTrainStep", () => {
  // With the last layer's weights at zero the output is its bias, and the gradient of the bias has a closed form.
  const net = network({}, { num_classes: 3 });
  const e = elementsPerToken(net.shape);
  const onlyBias = (tensor: NamedTensor) => {
    if (tensor.name === "encoder_to_output.weight") tensor.data.fill(0);
    if (tensor.name === "encoder_to_output.bias") for (let i = 0; i < e; i++) tensor.data[i] = i / 8 - 0.5;
  };
  const visible = [
    [0, 3, 15],
    [4, 5, 6],
  ];
  const labels = Int32Array.of(2, 3);

  it("an output of nothing but its bias", async (test) => {
    const python = requirePython(test, TORCH_MODULES);
    const modelFile = saveWeights(net, "bias.safetensors", onlyBias);
    const output = await torchPredict({ python, modelFile, config: net.config, ...batch(net, 2, visible), labels });
    expect(output).toEqual(Float32Array.from({ length: 2 * 3 * e }, (_, i) => (i % e) / 8 - 0.5));
  });

  it("its loss and gradient in closed form", async (test) => {
    const python = requirePython(test, TORCH_MODULES);
    const modelFile = saveWeights(net, "bias.safetensors", onlyBias);
    const target = Float32Array.from({ length: 2 * 3 * e }, (_, i) => Math.cos(i));
    const weights = Float32Array.of(0.5, 3);
    const inputs = { python, modelFile, config: net.config, ...batch(net, 2, visible), labels, target, weights };
    let loss = 0;
    const gradient = new Float64Array(e);
    for (let i = 0; i < target.length; i++) {
      const share = weights[Math.floor(i / (3 * e))]! / (2 * 3 * e);
      const error = (i % e) / 8 - 0.5 - target[i]!;
      loss += share * error * error;
      gradient[i % e]! += 2 * share * error;
    }
    for (const precision of ["float32", "float64"] as const) {
      const step = await torchTrainStep({ ...inputs, precision });
      expect(step.loss).toBeCloseTo(loss, 5);
      expect([...step.gradients.keys()].sort()).toEqual(
        parameterSpecs(net.shape)
          .map(({ name }) => name)
          .sort(),
      );
      const bias = step.gradients.get("encoder_to_output.bias")!.data;
      for (let k = 0; k < e; k++) expect(bias[k]).toBeCloseTo(gradient[k]!, 5);
      // class 0 and 1 took no part
      expect(step.gradients.get("encoder.label_emb.weight")!.shape).toEqual([3, 16]);
      expect(step.gradients.get("encoder.norm.weight")!.data.every((value) => value === 0)).toBe(true);
    }
  });

  it("a real network: its gradients are not zero, and both precisions agree", async (test) => {
    const python = requirePython(test, TORCH_MODULES);
    const modelFile = saveWeights(net, "initial.safetensors");
    const target = Float32Array.from({ length: 2 * 3 * e }, (_, i) => Math.cos(i));
    const inputs = { python, modelFile, config: net.config, ...batch(net, 2, visible), labels, target };
    const weights = Float32Array.of(1, 1);
    const single = await torchTrainStep({ ...inputs, weights, precision: "float32" });
    const double = await torchTrainStep({ ...inputs, weights, precision: "float64" });
    expect(single.loss).toBeCloseTo(double.loss, 5);
    for (const [name, { data }] of double.gradients) {
      const largest = Math.max(...data.map(Math.abs));
      expect(largest, name).toBeGreaterThan(0);
      const other = single.gradients.get(name)!.data;
      expect(Math.max(...data.map((g, i) => Math.abs(g - other[i]!))), name).toBeLessThan(1e-4 * largest + 1e-9);
    }
  });

  it("weights that do not fit are refused", async (test) => {
    const python = requirePython(test, TORCH_MODULES);
    const modelFile = saveWeights(net, "initial.safetensors");
    const wider = { ...net.config, qkv_bias: true };
    const call = torchPredict({ python, modelFile, config: wider, ...batch(net, 2, visible), labels });
    await expect(call).rejects.toThrow(/Missing key.*q_bias/s);
  });
});
