/** The TypeScript engine on a tiny experiment: what the package maskdm_torch is held against. */
import { assembleBatch, type TrainingBatch } from "../../../src/core/batch/assemble.ts";
import { batchContext } from "../../../src/core/batch/context.ts";
import type { BatchPlan } from "../../../src/core/batch/plan.ts";
import { imagesToTokens, tokensToImages, toPatchEmbedOrder } from "../../../src/core/batch/tokens.ts";
import { guidanceOf, guided } from "../../../src/core/diffusion/guidance.ts";
import { type Denoiser, sampleImages } from "../../../src/core/diffusion/samplers.ts";
import type { Experiment } from "../../../src/core/experiment/schema.ts";
import { modelShape } from "../../../src/core/model/shape.ts";
import type { NamedTensor } from "../../../src/core/model/tensor.ts";
import { RandomStream, type Stage } from "../../../src/core/random/streams.ts";
import { lossOfNothing } from "../../../src/core/training/divergenceGuard.ts";
import { stepScalars } from "../../../src/core/training/schedules.ts";
import type { Backend } from "../../../src/trainer/engine/backend.ts";
import { Engine } from "../../../src/trainer/engine/engine.ts";
import { onnxBackend } from "../../../src/trainer/engine/onnx/backend.ts";
import { testBackend } from "../engine/testBackends.ts";
import { normals } from "../engine/tinyModels.ts";

/** Images of the data set. More than a batch and no multiple of it, so that epochs begin within batches. */
export const IMAGES = 7;

/** The native backend or, where it was not built, ONNX Runtime. */
export async function ownBackend(): Promise<Backend> {
  return (await testBackend("native")).backend ?? onnxBackend({ provider: "cpu", threads: 1 });
}

/** As in test/python/equivalence.py: noise as images, uint8 [IMAGES, H, W, C], and a class of each. */
function images({ data, model }: Experiment): { readonly pixels: Uint8Array; readonly labels: Int32Array } {
  const stream = new RandomStream({ seed: 1, stage: "pretrain", stream: "init", step: 0, item: 0 });
  const pixels = Uint8Array.from({ length: IMAGES * data.image_size ** 2 * data.channels }, () => stream.below(256));
  return { pixels, labels: Int32Array.from({ length: IMAGES }, (_, i) => i % Math.max(1, model.num_classes)) };
}

export interface OwnStep {
  readonly plan: BatchPlan;
  readonly batch: Pick<TrainingBatch, "tokens" | "target">;
  readonly losses: Float32Array;
  readonly gradNorm: number;
  readonly nothing: number;
}

export type CheckpointSet = "raw" | "ema" | "optimizer";
export type Tensors = Readonly<Record<CheckpointSet, readonly NamedTensor[]>>;

/** Trains a few steps from new weights. @returns the steps, and the tensors after each of the steps to save */
export async function ownUpdates(
  backend: Backend,
  experiment: Experiment,
  stage: Stage,
  updates: number,
  save: readonly number[],
): Promise<{ readonly steps: OwnStep[]; readonly saved: ReadonlyMap<number, Tensors> }> {
  const engine = new Engine(backend, { shape: modelShape(experiment), seed: experiment.seed });
  const context = batchContext(experiment, stage, IMAGES);
  const { pixels, labels } = images(experiment);
  const bytes = pixels.length / IMAGES;
  const { micro_batch_size: micro, batch_size } = experiment[stage];
  const steps: OwnStep[] = [];
  const saved = new Map<number, Tensors>();
  for (let step = 0; step < updates; step++) {
    const plan = context.planner.plan(step);
    const chosen = new Uint8Array(plan.indices.length * bytes);
    plan.indices.forEach((index, b) => {
      chosen.set(pixels.subarray(index * bytes, (index + 1) * bytes), b * bytes);
    });
    const batch = assembleBatch(
      context,
      plan,
      chosen,
      Int32Array.from(plan.indices, (index) => labels[index]!),
    );
    const scalars = stepScalars(experiment[stage], step, true);
    const microBatchSize = micro === "auto" ? batch_size : micro;
    const kept = { tokens: batch.tokens.slice(), target: batch.target.slice() };
    const nothing = lossOfNothing(batch);
    const { losses, gradNorm } = await engine.trainStep(batch, { ...scalars, microBatchSize });
    steps.push({ plan, batch: kept, losses, gradNorm: gradNorm!, nothing });
    if (save.includes(step + 1)) saved.set(step + 1, copied(await engine.tensors()));
  }
  await engine.dispose();
  return { steps, saved };
}

export interface OwnNetwork {
  readonly tensors: readonly NamedTensor[];
  /** Its raw output for images [n, H, W, C] of which it sees every token. */
  readonly predict: Denoiser;
  /** Images [count, H, W, C] as the experiment draws them, classes taking turns. */
  readonly draw: (count: number) => Promise<Float32Array>;
  readonly dispose: () => Promise<void>;
}

/** A network whose weights are larger than new ones, and so what engines may differ in. */
export async function ownNetwork(backend: Backend, experiment: Experiment): Promise<OwnNetwork> {
  const { data, model, sample, diffusion, seed } = experiment;
  const engine = new Engine(backend, { shape: modelShape(experiment), seed });
  const raw = (await engine.tensors()).raw.map(copy);
  raw.forEach(({ name, data: values }, i) => {
    if (name.endsWith("pos_embed")) return;
    const change = normals(7000 + i, values.length);
    for (let k = 0; k < values.length; k++) values[k]! += 0.05 * change[k]!;
  });
  await engine.load(new Map(raw.map((tensor) => [tensor.name, tensor])), "raw", "the test");
  const shape = { imageSize: data.image_size, channels: data.channels, patchSize: model.patch_size };
  const predict: Denoiser = async (x, timesteps, labels) => {
    const tokens = toPatchEmbedOrder(imagesToTokens(x, timesteps.length, shape), shape);
    return tokensToImages(await engine.predict(tokens, timesteps, labels, "raw"), timesteps.length, shape);
  };
  const draw = (count: number): Promise<Float32Array> => {
    const labels = model.num_classes > 0 ? Int32Array.from({ length: count }, (_, i) => i % model.num_classes) : null;
    return sampleImages({
      denoiser: guided(predict, guidanceOf(experiment)),
      diffusion,
      sample,
      seed,
      ...shape,
      count,
      labels,
    });
  };
  return { tensors: raw, predict, draw, dispose: () => engine.dispose() };
}

const copied = (tensors: Tensors): Tensors => ({
  raw: tensors.raw.map(copy),
  ema: tensors.ema.map(copy),
  optimizer: tensors.optimizer.map(copy),
});
const copy = ({ name, shape, data }: NamedTensor): NamedTensor => ({ name, shape, data: data.slice() });
