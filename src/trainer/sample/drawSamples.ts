/** Draws images with the engine's network. */
import { imagesToTokens, type TokenShape, tokensToImages, toPatchEmbedOrder } from "../../core/batch/tokens.ts";
import { drawingBatch } from "../../core/diffusion/drawingBatch.ts";
import { guidanceOf, guided } from "../../core/diffusion/guidance.ts";
import { type Denoiser, type SampledBatch, type SampleStep, sampleBatches } from "../../core/diffusion/samplers.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { type Drawing, drawnLabels } from "../../core/run/drawing.ts";
import type { EngineClient } from "../engine/client.ts";

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
  /** number of the first image, default 0; images of one seed are numbered without end */
  readonly firstImage?: number;
  /** which classes */
  readonly drawing: Pick<Drawing, "label" | "classes">;
  readonly onStep?: (step: SampleStep) => void | Promise<void>;
}

/** Draws the images batch by batch; values in [-1, 1]. */
export function drawSamples(
  engine: EngineClient,
  experiment: Experiment,
  request: DrawRequest,
): AsyncGenerator<SampledBatch> {
  const { data, model, diffusion } = experiment;
  const { sample, seed, firstImage = 0, drawing, onStep } = request;
  const shape = { imageSize: data.image_size, channels: data.channels, patchSize: model.patch_size };
  return sampleBatches({
    denoiser: guided(engineDenoiser(engine, shape, sample.weights), guidanceOf({ ...experiment, sample })),
    diffusion,
    sample,
    seed,
    imageSize: data.image_size,
    channels: data.channels,
    count: sample.count,
    firstImage,
    labels: drawnLabels(drawing, model.num_classes, firstImage, sample.count),
    batchSize: Math.min(drawingBatch(experiment), sample.count),
    ...(onStep ? { onStep } : {}),
  });
}
