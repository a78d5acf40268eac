/**
 * Draws images with a trained network (method section 6, docs/diffusion.md). Pure: the network is a function, the
 * noise comes from streams addressed by image number, so an image does not depend on the batch it is drawn in.
 */

import type { DiffusionConfig, SampleConfig } from "../experiment/schema.ts";
import { imageElements } from "../images/imageElements.ts";
import { RandomStream } from "../random/streams.ts";
import { type ImageAndNoise, type Prediction, toX0AndEpsilon } from "./objective.ts";
import { ancestralStepper, ddimStepper, dpmSolver2mStepper, heunStepper, type Stepper } from "./samplerSteps.ts";
import { CLEAN, type NoiseLevel, type NoiseSchedule, noiseSchedule } from "./schedule.ts";
import { evaluationsOf, samplingTimes } from "./timeSteps.ts";

/**
 * The network.
 * @param x noisy images x_t, [B, H, W, C]; not to be kept or changed
 * @param timesteps t of each, [B]
 * @param labels class of each, [B]; null for an unconditional model
 * @returns raw network output, [B, H, W, C]
 */
export type Denoiser = (x: Float32Array, timesteps: Int32Array, labels: Int32Array | null) => Promise<Float32Array>;

export interface SampleRequest {
  readonly denoiser: Denoiser;
  readonly diffusion: Pick<DiffusionConfig, "process" | "timesteps" | "schedule" | "prediction">;
  /** steps are network evaluations, as many as `evaluationsOf` says; eta concerns ddim only; clip clamps the predicted image to [-1, 1] */
  readonly sample: Pick<SampleConfig, "sampler" | "steps" | "eta" | "clip">;
  readonly seed: number;
  /** W, pixels */
  readonly imageSize: number;
  /** H, where the image is no square */
  readonly imageHeight?: number;
  readonly channels: number;
  /** how many images */
  readonly count: number;
  /** number of the first image, default 0; images of one seed are numbered without end */
  readonly firstImage?: number;
  /** class of each image, [count]; null for an unconditional model */
  readonly labels?: Int32Array | null;
  /** images per call of the network, default all */
  readonly batchSize?: number;
  /** Called after every step of every batch, and waited for; throwing ends the sampling. */
  readonly onStep?: (step: SampleStep) => void | Promise<void>;
}

/** One step of one batch's trajectory. The arrays may be kept, but not changed. */
export interface SampleStep {
  /** number of the batch's first image within the request, and how many images it has */
  readonly firstImage: number;
  readonly count: number;
  /** counted from 0, of `steps` */
  readonly step: number;
  readonly steps: number;
  /** the time t the step started from, and the time it arrived at (-1: clean) */
  readonly timestep: number;
  readonly nextTimestep: number;
  /** x_t before the step, [count, H, W, C] */
  readonly xt: Float32Array;
  /** image predicted from x_t, after the clamp, [count, H, W, C] */
  readonly x0: Float32Array;
  /** x after the step, [count, H, W, C] */
  readonly xNext: Float32Array;
}

/** Finished images of one batch. */
export interface SampledBatch {
  /** number of the batch's first image within the request, and how many images it has */
  readonly firstImage: number;
  readonly count: number;
  /** [count, H, W, C], about [-1, 1]; exactly within it where `clip` is on */
  readonly images: Float32Array;
}

/**
 * Draws `count` images batch by batch, so that no more than one batch is in memory; the same request draws the same images whatever
 * `batchSize` is, as far as the network treats the images of a batch alike.
 */
export async function* sampleBatches(request: SampleRequest): AsyncGenerator<SampledBatch> {
  const { count, batchSize = count } = request;
  const { levels } = noiseSchedule(request.diffusion);
  const elements = imageElements(request);
  for (let start = 0; start < count; start += batchSize) {
    const size = Math.min(batchSize, count - start);
    const images = await sampleBatch(request, levels, start, size, elements);
    yield { firstImage: start, count: size, images };
  }
}

/**
 * The same, all images together.
 * @returns [count, H, W, C]
 */
export async function sampleImages(request: SampleRequest): Promise<Float32Array> {
  const elements = imageElements(request);
  const all = new Float32Array(request.count * elements);
  for await (const { firstImage, images } of sampleBatches(request)) all.set(images, firstImage * elements);
  return all;
}

async function sampleBatch(
  request: SampleRequest,
  levels: NoiseSchedule["levels"],
  start: number,
  size: number,
  elements: number,
): Promise<Float32Array> {
  const { sample, diffusion, denoiser, onStep } = request;
  const { steps } = evaluationsOf(sample, diffusion.timesteps);
  const times = samplingTimes(diffusion.timesteps, steps);
  const stepper = makeStepper(sample);
  const labels = request.labels?.subarray(start, start + size) ?? null;
  const firstNumber = (request.firstImage ?? 0) + start;
  const noise = (stream: "sampleInit" | "sampleStep", step: number) =>
    drawNoise(request.seed, stream, step, firstNumber, size, elements);
  const predict = async (xt: Float32Array, timestep: number): Promise<ImageAndNoise> => {
    const output = await denoiser(xt, new Int32Array(size).fill(timestep), labels);
    const read = toX0AndEpsilon(diffusion.prediction, output, xt, levels[timestep]!);
    if (sample.clip) clamp(diffusion.prediction, read, xt, levels[timestep]!);
    return read;
  };

  const x = noise("sampleInit", 0);
  for (let step = 0; step < steps; step++) {
    const timestep = times[step]!;
    const nextTimestep = times[step + 1]!;
    const { x0, epsilon } = await predict(x, timestep);
    const xt = onStep === undefined ? x : x.slice();
    await stepper({
      ...{ x, x0, epsilon, from: levels[timestep]!, to: nextTimestep < 0 ? CLEAN : levels[nextTimestep]! },
      noise: () => noise("sampleStep", step),
      predictNext: () => predict(x, nextTimestep),
    });
    await onStep?.({ firstImage: start, count: size, step, steps, timestep, nextTimestep, xt, x0, xNext: x.slice() });
  }
  return x;
}

function makeStepper(sample: SampleRequest["sample"]): Stepper {
  switch (sample.sampler) {
    case "ddim":
      return ddimStepper(sample.eta);
    case "ancestral":
      return ancestralStepper();
    case "dpmpp_2m":
      return dpmSolver2mStepper();
    case "euler":
      return ddimStepper(0);
    case "heun":
      return heunStepper();
  }
}

/**
 * Standard normals, [count, H·W·C]. Sampling is no stage of training: its streams are those of stage 0 whatever was trained last,
 * so that a pretrained and a finetuned model start from the same noise.
 */
function drawNoise(
  seed: number,
  stream: "sampleInit" | "sampleStep",
  step: number,
  firstNumber: number,
  count: number,
  elements: number,
): Float32Array {
  const noise = new Float32Array(count * elements);
  for (let i = 0; i < count; i++) {
    const address = { seed, stage: "pretrain", stream, step, item: firstNumber + i } as const;
    new RandomStream(address).fillNormal(noise, i * elements, elements);
  }
  return noise;
}

/**
 * Clamps the predicted image to [-1, 1]. Where the network predicted noise, that stays what it was; where it predicted v or the
 * image, the noise is derived again from x_t = a x0 + b ε, as in the authors' code; without any signal it is x_t whatever the image.
 */
function clamp(
  prediction: Prediction,
  { x0, epsilon }: ImageAndNoise,
  xt: Float32Array,
  { signal, noise }: NoiseLevel,
): void {
  for (let i = 0; i < x0.length; i++) {
    const inside = Math.min(1, Math.max(-1, x0[i]!));
    if (inside === x0[i]) continue;
    x0[i] = inside;
    if (prediction !== "epsilon") epsilon[i] = (xt[i]! - signal * inside) / noise;
  }
}
