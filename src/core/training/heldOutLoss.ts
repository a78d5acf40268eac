/**
 * The loss on images that are not trained on: whole images, whatever the mask, all noise levels alike, at the same timesteps with the same noise every time and in
 * every run, so that it can be compared between mask rates, batch sizes and seeds. docs/evaluation.md says why it is measured like that.
 */
import { assembleBatch } from "../batch/assemble.ts";
import { fillTokenNoise } from "../batch/plan.ts";
import { gridSize } from "../batch/tokens.ts";
import { noiseSchedule } from "../diffusion/schedule.ts";
import type { DiffusionConfig, Experiment } from "../experiment/schema.ts";
import { drawWithoutReplacement, RandomStream, type StreamName } from "../random/streams.ts";

/** More take time and make the error, which falls with their root, hardly smaller. */
const MOST_IMAGES = 256;
/** Timesteps of each image, one in each of so many equal parts of {0 … T-1}: most of what a loss varies by is the timestep. */
const TIMES = 4;

export interface HeldOutImages {
  readonly count: number;
  readonly imageBytes: number;
  readonly images: readonly { readonly label: number }[];
  /** @param out receives uint8 [n, H, W, C] */
  readInto(indices: Uint32Array, out: Uint8Array): void;
}

/** The network's output for x_t of whole images, [B, N, e] in (C, p1, p2) order; it is in (p1, p2, C) order. */
export type Predict = (tokens: Float32Array, timesteps: Int32Array, labels: Int32Array | null) => Promise<Float32Array>;

export interface HeldOutLoss {
  /** mean over images of the mean squared error of what the network predicts, or of velocities where those are learned */
  readonly heldOutLoss: number;
  /** its standard error over images; null: a single image has none */
  readonly heldOutError: number | null;
}

/**
 * @param images at least one
 * @param batchSize images per call of the network
 */
export async function heldOutLoss(
  experiment: Pick<Experiment, "data" | "model" | "diffusion">,
  images: HeldOutImages,
  batchSize: number,
  predict: Predict,
): Promise<HeldOutLoss> {
  const { data, model } = experiment;
  const diffusion = { ...experiment.diffusion, loss_weighting: heldOutWeighting(experiment.diffusion) };
  const { indices, timesteps } = heldOutPasses(images.count, diffusion.timesteps);
  const shape = { imageSize: data.image_size, channels: data.channels, patchSize: model.patch_size };
  const whole = Int32Array.from({ length: gridSize(shape) ** 2 }, (_, token) => token);
  const context = {
    shape,
    diffusion,
    schedule: noiseSchedule(diffusion),
    numClasses: model.num_classes,
    dropsHidden: false,
    planner: {
      fillNoise(first: number, b: number, ...into: [tokens: Int32Array, e: number, out: Float32Array, offset: number]) {
        fillTokenNoise(streamOf("heldOutNoise", (first + b) % TIMES, Math.floor((first + b) / TIMES)), ...into);
      },
    },
  };
  const size = Math.min(batchSize, timesteps.length);
  const pixels = new Uint8Array(size * images.imageBytes);
  const visible = Int32Array.from({ length: size * whole.length }, (_, i) => whole[i % whole.length]!);
  const none = new Uint8Array(size);
  const losses = new Float64Array(indices.length);
  for (let from = 0; from < timesteps.length; from += size) {
    // Batches of one size: another one would be another program. What the last one measures again is the same again.
    const first = Math.min(from, timesteps.length - size);
    const chosen = Uint32Array.from({ length: size }, (_, b) => indices[Math.floor((first + b) / TIMES)]!);
    images.readInto(chosen, pixels);
    const times = timesteps.slice(first, first + size);
    const plan = { step: first, indices: chosen, flips: none, timesteps: times, droppedLabels: none, visible };
    const labels = Int32Array.from(chosen, (index) => images.images[index]!.label);
    const batch = assembleBatch(context, plan, pixels, labels);
    const output = await predict(batch.tokens, batch.timesteps, batch.labels);
    const per = output.length / size;
    for (let pass = from; pass < first + size; pass++) {
      const loss = batch.weight[pass - first]! * meanSquare(output, batch.target, (pass - first) * per, per);
      losses[Math.floor(pass / TIMES)]! += loss / TIMES;
    }
  }
  return meanWithError(losses);
}

/**
 * Velocities are what is compared where velocities are what is learned, whatever the network predicts; weights of min_snr, which make noise levels
 * count more or less, are left out.
 */
const heldOutWeighting = ({ loss_weighting }: DiffusionConfig): DiffusionConfig["loss_weighting"] =>
  loss_weighting === "velocity" ? "velocity" : "uniform";

/** Whole images that go through the network for one measurement. */
export const heldOutPassCount = (images: number): number => TIMES * Math.min(images, MOST_IMAGES);

/**
 * Which images, and the timesteps of each, TIMES for one after the other: in each of TIMES equal parts of {0 … T-1} as far from its beginning as the image's
 * place among the images, so that all of them together cover the parts evenly.
 */
export function heldOutPasses(count: number, T: number): { indices: Uint32Array; timesteps: Int32Array } {
  const n = Math.min(count, MOST_IMAGES);
  const indices = drawWithoutReplacement(streamOf("heldOutOrder", 0, 0), count, n);
  const timesteps = Int32Array.from({ length: n * TIMES }, (_, pass) => {
    const place = (Math.floor(pass / TIMES) + 0.5) / n;
    return Math.floor((((pass % TIMES) + place) * T) / TIMES);
  });
  return { indices, timesteps };
}

/** Of no run: seeds and stages would make losses differ that are to be compared. */
const streamOf = (stream: StreamName, step: number, item: number) =>
  new RandomStream({ seed: 0, stage: "pretrain", stream, step, item });

function meanSquare(output: Float32Array, target: Float32Array, start: number, length: number): number {
  let sum = 0;
  for (let i = start; i < start + length; i++) sum += (output[i]! - target[i]!) ** 2;
  return sum / length;
}

function meanWithError(losses: Float64Array): HeldOutLoss {
  const n = losses.length;
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / n;
  const squares = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0);
  return { heldOutLoss: mean, heldOutError: n > 1 ? Math.sqrt(squares / (n - 1) / n) : null };
}
