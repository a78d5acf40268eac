/** Whether the engines compute the same: same weights, same batch, same updates, same losses. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { drawVisibleTokens, maskGeometry } from "../../src/core/masks/masks.ts";
import { parameterSpecs } from "../../src/core/model/backbones.ts";
import { initialise } from "../../src/core/model/parameterSpec.ts";
import { modelShape } from "../../src/core/model/shape.ts";
import { RandomStream } from "../../src/core/random/streams.ts";
import { writeSafetensors } from "../../src/trainer/run/safetensors.ts";
import { EngineFailure } from "./engineProcess.ts";
import type { Engine } from "./engines.ts";
import { experimentOf } from "./experimentOf.ts";
import type { Network, Work } from "./protocol.ts";

/** Updates on which the losses are compared. */
export const FOLLOWED_UPDATES = 3;
/** Losses may differ by as much before an engine is held to compute something else. */
export const LOSS_TOLERANCE = 1e-4;

/** Losses of an engine before each update, or why there are none. */
export type Followed = { readonly losses: readonly number[] } | { readonly failure: string };

/** Writes fresh weights. */
export function writeWeights(file: string, config: Network, seed: number): void {
  const tensors = parameterSpecs(modelShape(experimentOf(config))).map((spec, i) => {
    const data = new Float32Array(spec.shape.reduce((product, side) => product * side, 1));
    initialise(spec, i, seed, data);
    return { name: spec.name, shape: [...spec.shape], data };
  });
  writeSafetensors(file, tensors, {});
}

/**
 * Lets each engine make the same updates, one after the other, in a process of its own.
 * @param modelFile weights that all start from
 * @param limitSeconds how long an engine may take
 */
export async function followAll(
  engines: readonly Engine[],
  work: Work,
  request: {
    readonly modelFile: string;
    readonly folder: string;
    readonly attention: string;
    readonly limitSeconds: number;
  },
): Promise<Map<string, Followed>> {
  const { config, microBatch } = work;
  // Two micro-batches where gradients are accumulated: the shape of what is measured, and no more work than that takes.
  const batchSize = work.batchSize > microBatch ? 2 * microBatch : microBatch;
  const visibleTokens = writeBatch(request.folder, { ...work, batchSize });
  const { modelFile, folder, attention, limitSeconds } = request;
  const command = { config, n: FOLLOWED_UPDATES, modelFile, folder, batchSize, microBatch, visibleTokens, attention };
  const followed = new Map<string, Followed>();
  for (const engine of engines) {
    const process = await engine.start();
    try {
      followed.set(engine.id, { losses: (await process.ask("follow", command, limitSeconds)).losses });
    } catch (error) {
      if (!(error instanceof EngineFailure)) throw error;
      followed.set(engine.id, { failure: error.message });
    } finally {
      await process.quit();
    }
  }
  return followed;
}

/** The engine that the others are compared with: eager PyTorch where it took part, else the first that has losses. */
export function referenceOf(followed: ReadonlyMap<string, Followed>): string | null {
  const able = [...followed].flatMap(([id, result]) => ("losses" in result ? [id] : []));
  return able.find((id) => id === "pytorch") ?? able[0] ?? null;
}

/** Largest difference; NaN where a loss is not a number. */
export function largestDifference(losses: readonly number[], reference: readonly number[]): number {
  return Math.max(...losses.map((loss, i) => Math.abs(loss - reference[i]!)));
}

/** A batch of noise with noise for a target. @returns S */
function writeBatch(folder: string, { config, maskRate, batchSize, seed }: Work): number {
  const grid = config.image_size / config.patch_size;
  const mask = maskGeometry({ strategy: "patch", rate: maskRate, blockSize: 1, cellSize: 2, cropSize: null }, grid);
  const S = mask.visibleTokens;
  const values = batchSize * S * config.patch_size ** 2 * config.channels;
  const stream = (name: "noise" | "timestep" | "mask", item: number) =>
    new RandomStream({ seed, stage: "pretrain", stream: name, step: 0, item });
  const visible = new Int32Array(batchSize * S);
  const timesteps = new Int32Array(batchSize);
  for (let b = 0; b < batchSize; b++) {
    visible.set(drawVisibleTokens(mask, stream("mask", b)), b * S);
    timesteps[b] = stream("timestep", b).below(1000);
  }
  const floats = [0, 1].map((item) => {
    const data = new Float32Array(values);
    stream("noise", item).fillNormal(data, 0, values);
    return data;
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "tokens.f32"), floats[0]!);
  writeFileSync(path.join(folder, "target.f32"), floats[1]!);
  writeFileSync(path.join(folder, "timesteps.i32"), timesteps);
  writeFileSync(path.join(folder, "visible.i32"), visible);
  return S;
}
