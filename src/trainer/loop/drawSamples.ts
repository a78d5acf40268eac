/** Draws images with the engine's network. */
import { imagesToTokens, type TokenShape, tokensToImages, toPatchEmbedOrder } from "../../core/batch/tokens.ts";
import { type Denoiser, type SampleStep, sampleImages } from "../../core/diffusion/samplers.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import type { EngineClient } from "../engine/client.ts";

/** Images per call of the network; more gain little and take memory. */
const SAMPLE_BATCH = 16;

/** The engine as a denoiser over whole images. */
export function engineDenoiser(engine: EngineClient, shape: TokenShape, weights: "raw" | "ema"): Denoiser {
  return async (x, timesteps, labels) => {
    const count = timesteps.length;
    const tokens = toPatchEmbedOrder(imagesToTokens(x, count, shape), shape);
    const output = await engine.call("predict", { tokens, timesteps, labels, weights });
    return tokensToImages(output, count, shape);
  };
}

export interface DrawRequest {
  readonly sample: Experiment["sample"];
  readonly seed: number;
  /** class of each image; null lets the classes take turns */
  readonly labels: Int32Array | null;
  readonly onStep?: (step: SampleStep) => void | Promise<void>;
}

/** @returns images in [-1, 1], [count, H, W, C] */
export function drawSamples(engine: EngineClient, experiment: Experiment, request: DrawRequest): Promise<Float32Array> {
  const { data, model, diffusion } = experiment;
  const { sample, seed, onStep } = request;
  const shape = { imageSize: data.image_size, channels: data.channels, patchSize: model.patch_size };
  const turns = Int32Array.from({ length: sample.count }, (_, i) => i % Math.max(1, model.num_classes));
  return sampleImages({
    denoiser: engineDenoiser(engine, shape, sample.weights),
    diffusion,
    sample,
    seed,
    imageSize: data.image_size,
    channels: data.channels,
    count: sample.count,
    labels: model.num_classes > 0 ? (request.labels ?? turns) : null,
    batchSize: Math.min(SAMPLE_BATCH, sample.count),
    ...(onStep ? { onStep } : {}),
  });
}
