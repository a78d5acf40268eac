/** Equivalence and speed of two engines on one piece of work. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { drawVisibleTokens, maskGeometry } from "../../src/core/masks/masks.ts";
import { RandomStream } from "../../src/core/random/streams.ts";
import type { EngineProcess, Work } from "./protocol.ts";

/** Updates on which the losses of both engines are compared. */
const FOLLOWED_UPDATES = 3;

export interface Equivalence {
  readonly ours: readonly number[];
  readonly torch: readonly number[];
  readonly largestDifference: number;
}

/** The same weights, the same batch, the same updates: the losses of both engines. */
export async function compareLosses(ours: EngineProcess, torch: EngineProcess, work: Work): Promise<Equivalence> {
  const folder = mkdtempSync(path.join(tmpdir(), "maskdm-bench-"));
  try {
    const modelFile = path.join(folder, "model.safetensors");
    await torch.ask("initialise", { config: work.config, seed: work.seed, file: modelFile });
    const visibleTokens = writeBatch(folder, work);
    const { config, batchSize } = work;
    const request = { config, n: FOLLOWED_UPDATES, modelFile, folder, batchSize, visibleTokens };
    const a = (await ours.ask("follow", request)).losses;
    const b = (await torch.ask("follow", request)).losses;
    const largestDifference = Math.max(...a.map((loss, i) => Math.abs(loss - b[i]!)));
    return { ours: a, torch: b, largestDifference };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A batch of noise with noise for a target. @returns S */
function writeBatch(folder: string, { config, maskRate, batchSize, seed }: Work): number {
  const grid = config.image_size / config.patch_size;
  const mask = maskGeometry({ strategy: "patch", rate: maskRate, blockSize: 1, cropSize: null }, grid);
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
  writeFileSync(path.join(folder, "tokens.f32"), floats[0]!);
  writeFileSync(path.join(folder, "target.f32"), floats[1]!);
  writeFileSync(path.join(folder, "timesteps.i32"), timesteps);
  writeFileSync(path.join(folder, "visible.i32"), visible);
  return S;
}

export interface Pair {
  /** images per second */
  readonly ours: number;
  readonly torch: number;
}

export interface Interleaving {
  readonly pairs: number;
  /** least seconds of work of a block */
  readonly blockSeconds: number;
}

/**
 * Blocks of steps in turn, so that both engines meet the machine in the same moods; the order within a pair changes from pair to
 * pair. One block of each to warm up is left out.
 */
export async function interleave(
  ours: EngineProcess,
  torch: EngineProcess,
  batchSize: number,
  { pairs, blockSeconds }: Interleaving,
): Promise<Pair[]> {
  const block = async (engine: EngineProcess, n: number) =>
    (n * batchSize) / (await engine.ask("steps", { n })).seconds;
  const ourSteps = await stepsPerBlock(ours, blockSeconds);
  const torchSteps = await stepsPerBlock(torch, blockSeconds);
  const measured: Pair[] = [];
  for (let i = 0; i < pairs; i++) {
    if (i % 2 === 0) {
      const a = await block(ours, ourSteps);
      measured.push({ ours: a, torch: await block(torch, torchSteps) });
    } else {
      const b = await block(torch, torchSteps);
      measured.push({ ours: await block(ours, ourSteps), torch: b });
    }
  }
  return measured;
}

/** Warms the engine up and finds how many steps fill a block. */
async function stepsPerBlock(engine: EngineProcess, seconds: number): Promise<number> {
  await engine.ask("steps", { n: 2 });
  let n = 2;
  let taken = (await engine.ask("steps", { n })).seconds;
  while (taken < seconds / 2) {
    n = Math.ceil((n * seconds * 0.7) / taken);
    taken = (await engine.ask("steps", { n })).seconds;
  }
  return Math.max(2, Math.ceil((n * seconds * 1.1) / taken));
}

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(half)]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
