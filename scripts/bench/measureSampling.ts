/** Drawing images: batch throughput of DDIM, and the time from nothing to the first image. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { sampleImages } from "../../src/core/diffusion/samplers.ts";
import { EngineFailure, type EngineProcess } from "./engineProcess.ts";
import type { Engine } from "./engines.ts";
import { experimentOf } from "./experimentOf.ts";
import { interleave, type Runner } from "./interleave.ts";
import { type Bench, weightsFile } from "./measureCell.ts";
import type { Preset } from "./presets.ts";
import type { Network } from "./protocol.ts";
import type { Sampling, SamplingRow } from "./record.ts";

const BATCH = 16;
/** Of the drawings that are compared: without noise put back, the image is a function of the first noise and the network. */
const COMPARED = { count: 2, steps: 5, eta: 0, seed: 0 };
/** Values lie in [-1, 1]; the first steps of DDIM enlarge a difference of the network a hundredfold. */
const IMAGE_TOLERANCE = 1e-2;
const FIRST_IMAGES = 3;

type Drawn = { readonly image: Float32Array } | { readonly failure: string };

/** Measures all engines on one model. */
export async function measureSampling(bench: Bench, { name, network }: Preset): Promise<Sampling> {
  const rows = new Map<string, SamplingRow>();
  const modelFile = weightsFile(bench, name, network);
  const drawn = new Map<string, Drawn>();
  for (const engine of bench.engines) {
    drawn.set(engine.id, await drawOnce(bench, engine, network, modelFile, COMPARED));
  }
  const able = [...drawn].flatMap(([id, result]) => ("image" in result ? [id] : []));
  const reference = able.find((id) => id === "pytorch") ?? able[0] ?? null;
  const differences = new Map<string, number>();
  for (const [engine, result] of drawn) {
    const expected = reference === null ? undefined : drawn.get(reference);
    if ("failure" in result) rows.set(engine, { engine, state: "left out", reason: result.failure });
    else if (expected && "image" in expected) {
      const imageDifference = largest(result.image, expected.image);
      differences.set(engine, imageDifference);
      if (!(imageDifference <= IMAGE_TOLERANCE)) rows.set(engine, { engine, state: "differs", imageDifference });
    }
  }
  const taking = bench.engines.filter(({ id }) => !rows.has(id));
  const firstImages = await timeFirstImages(bench, taking, network, modelFile);
  for (const [engine, row] of await throughput(bench, taking, network, modelFile)) {
    const seconds = firstImages.get(engine) ?? [];
    if (row.state === "left out" || seconds.length === 0) {
      rows.set(
        engine,
        row.state === "left out" ? row : { engine, state: "left out", reason: "it drew no single image in time" },
      );
      continue;
    }
    rows.set(engine, { ...row, secondsToFirstImage: seconds, imageDifference: differences.get(engine)! });
  }
  return {
    model: name,
    batchSize: BATCH,
    steps: bench.options.samplingSteps,
    reference,
    rows: bench.engines.map(({ id }) => rows.get(id)!),
  };
}

function largest(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.NaN;
  return a.reduce((most, value, i) => {
    const distance = Math.abs(value - b[i]!);
    return distance <= most ? most : distance;
  }, 0);
}

/** The noise that this project's sampler starts from, for engines that do not have its random streams. */
async function writeNoise(file: string, network: Network, count: number, seed: number): Promise<void> {
  const { diffusion } = experimentOf(network);
  await sampleImages({
    denoiser: async (x) => new Float32Array(x.length),
    diffusion,
    sample: { sampler: "ddim", steps: 1, eta: 0, clip: true },
    seed,
    imageSize: network.image_size,
    channels: network.channels,
    count,
    onStep: ({ xt }) => writeFileSync(file, xt),
  });
}

interface Drawing {
  readonly count: number;
  readonly steps: number;
  readonly eta: number;
  readonly seed: number;
}

async function drawOnce(bench: Bench, engine: Engine, config: Network, modelFile: string, drawing: Drawing) {
  const noiseFile = path.join(bench.folder, "noise.f32");
  const file = path.join(bench.folder, `${engine.id}.images.f32`);
  await writeNoise(noiseFile, config, drawing.count, drawing.seed);
  const process = await engine.start();
  try {
    const limit = 60 * bench.options.rowMinutes;
    await process.ask("draw", { config, modelFile, noiseFile, file, ...drawing }, limit);
    const bytes = readFileSync(file);
    return {
      image: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)),
      seconds: process.age,
    };
  } catch (error) {
    if (error instanceof EngineFailure) return { failure: error.message };
    throw error;
  } finally {
    await process.quit();
  }
}

/** Seconds from the start of a process to one image of all steps, several times in turn. */
async function timeFirstImages(
  bench: Bench,
  engines: readonly Engine[],
  config: Network,
  modelFile: string,
): Promise<Map<string, number[]>> {
  const seconds = new Map<string, number[]>();
  const given = new Set<string>();
  for (let i = 0; i < FIRST_IMAGES; i++) {
    for (const engine of engines) {
      if (given.has(engine.id)) continue;
      const drawn = await drawOnce(bench, engine, config, modelFile, {
        count: 1,
        steps: bench.options.samplingSteps,
        eta: 1,
        seed: i,
      });
      if ("failure" in drawn) given.add(engine.id);
      else seconds.set(engine.id, [...(seconds.get(engine.id) ?? []), drawn.seconds]);
    }
  }
  return seconds;
}

type Throughput =
  | Omit<Extract<SamplingRow, { state: "measured" }>, "secondsToFirstImage" | "imageDifference">
  | Extract<SamplingRow, { state: "left out" }>;

async function throughput(
  bench: Bench,
  engines: readonly Engine[],
  config: Network,
  modelFile: string,
): Promise<Map<string, Throughput>> {
  const { rounds, blockSeconds, rowMinutes } = bench.options;
  const limitSeconds = 60 * rowMinutes;
  const result = new Map<string, Throughput>();
  const runners: Runner[] = [];
  const started: EngineProcess[] = [];
  const variants = new Map<string, string | null>();
  try {
    for (const { id, start } of engines) {
      try {
        const process = await start();
        started.push(process);
        const setup = await process.ask(
          "sampleSetup",
          { config, modelFile, batchSize: BATCH, steps: bench.options.samplingSteps },
          limitSeconds,
        );
        variants.set(id, setup.variant);
        runners.push({ id, process, work: (n, limit) => process.ask("sampleSteps", { n }, limit) });
      } catch (error) {
        if (!(error instanceof EngineFailure)) throw error;
        result.set(id, { engine: id, state: "left out", reason: error.message });
      }
    }
    const { blocks, failures } = await interleave(runners, { rounds, blockSeconds, limitSeconds, perUnit: 1 });
    for (const { id } of runners) {
      const reason = failures.get(id);
      result.set(
        id,
        reason === undefined
          ? { engine: id, state: "measured", variant: variants.get(id)!, blocks: [...blocks.get(id)!] }
          : { engine: id, state: "left out", reason },
      );
    }
    return result;
  } finally {
    for (const process of started) await process.quit();
  }
}
