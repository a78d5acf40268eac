/** The networks of the package maskdm_torch, called from a test: predictions and gradients to compare the engine with. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as z from "zod";
import type { DataConfig, MaskSection, ModelConfig } from "../../src/core/experiment/schema.ts";
import type { NamedTensor } from "../../src/core/model/tensor.ts";
import { readSafetensors } from "../../src/trainer/run/safetensors.ts";
import { askTorch } from "./torchProcess.ts";

const lossSchema = z.object({ loss: z.number() });
const heldSchema = z.object({ held: z.array(z.string()) });

/** The shape-relevant keys of an experiment's sections data, model and mask. */
export type TorchModelConfig = Pick<DataConfig, "image_size" | "channels"> & ModelConfig & Partial<MaskSection>;

export interface TorchInputs {
  /** interpreter with torch, see requirePython and TORCH_MODULES */
  readonly python: string;
  /** safetensors file of the network's weights */
  readonly modelFile: string;
  readonly config: TorchModelConfig;
  /** noised whole images, [B, H, W, C] */
  readonly x: Float32Array;
  /** [B] */
  readonly timesteps: Int32Array;
  /** visible token indices, [B, S] */
  readonly visible: Int32Array;
  /** [B], the number of classes (or anything below 0) for a dropped one; null when unconditional */
  readonly labels?: Int32Array | null;
  /** in what PyTorch computes; results come back as float32 in either case */
  readonly precision?: "float32" | "float64";
}

export interface TorchTrainInputs extends TorchInputs {
  /** of the tokens that are fed, [B, F, p·p·C] in (p1, p2, C) order */
  readonly target: Float32Array;
  /** weight of each image's loss, [B] */
  readonly weights: Float32Array;
}

export interface TorchGradients {
  /** mean over the batch of weight · mean over the visible values of (target - output)² */
  readonly loss: number;
  /** of every parameter, by name; zeros where a parameter took no part */
  readonly gradients: Map<string, NamedTensor>;
}

/** Raw network output of the tokens that are fed, [B, F, p·p·C] in (p1, p2, C) order. */
export function torchPredict(inputs: TorchInputs): Promise<Float32Array> {
  return withRequest(inputs, {}, async (folder, request) => {
    await askTorch(inputs.python, { task: "predict", ...request });
    return readFloats(path.join(folder, "output.f32"));
  });
}

/** Loss and gradients of one step by PyTorch's autograd. */
export function torchTrainStep(inputs: TorchTrainInputs): Promise<TorchGradients> {
  return withRequest(inputs, { target: inputs.target, weights: inputs.weights }, async (folder, request) => {
    const { loss } = lossSchema.parse(await askTorch(inputs.python, { task: "train", ...request }));
    return { loss, gradients: readSafetensors(path.join(folder, "gradients.safetensors")).tensors };
  });
}

/** Names of the properties of the method that the reference was found to have; fails at the first that it lacks. */
export async function torchSelftest(python: string): Promise<string[]> {
  return heldSchema.parse(await askTorch(python, { task: "selftest" })).held;
}

/** Writes the arrays into a folder of their own, which is gone afterwards. */
async function withRequest<T>(
  inputs: TorchInputs,
  more: Readonly<Record<string, Float32Array>>,
  call: (folder: string, request: Readonly<Record<string, unknown>>) => Promise<T>,
): Promise<T> {
  const { modelFile, config, x, timesteps, visible, labels = null, precision = "float32" } = inputs;
  const batch = timesteps.length;
  const folder = mkdtempSync(path.join(tmpdir(), "maskdm-torch-"));
  try {
    const write = (name: string, data: Float32Array | Int32Array) =>
      writeFileSync(path.join(folder, name), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    for (const [name, data] of Object.entries({ x, ...more })) write(`${name}.f32`, data);
    for (const [name, data] of Object.entries({ timesteps, visible, ...(labels && { labels }) })) {
      write(`${name}.i32`, data);
    }
    const visibleTokens = visible.length / batch;
    const shape = { modelFile, config, batch, visibleTokens, labels: labels !== null, precision };
    return await call(folder, { folder, ...shape });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readFloats(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
