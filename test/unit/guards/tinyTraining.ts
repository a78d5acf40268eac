/** Training of a small network on images of 32 px, on one thread of each engine for the processor. */
import { batchContext } from "../../../src/core/batch/context.ts";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import { modelShape } from "../../../src/core/model/shape.ts";
import type { Backend } from "../../../src/trainer/engine/backend.ts";
import { Engine } from "../../../src/trainer/engine/engine.ts";
import { nativeBackend } from "../../../src/trainer/engine/native/backend.ts";
import { onnxBackend } from "../../../src/trainer/engine/onnx/backend.ts";
import { requireNative } from "../native/requireNative.ts";

export const IMAGE_BYTES = 32 * 32 * 3;
export const SCALARS = { lr: 1e-3, weightDecay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, emaDecay: 0.99 };

/** Those that are built here. */
export const ENGINES: readonly (readonly [name: string, backend: () => Backend])[] = [
  ...(requireNative() ? [["native", () => nativeBackend(1)] as const] : []),
  ["onnx", () => onnxBackend({ provider: "cpu", threads: 1 })],
];

function experimentOf(maskRate: number, batchSize: number) {
  const parsed = parseExperiment(
    JSON.stringify({
      data: { path: "images", image_size: 32, hflip: 0.5 },
      model: { patch_size: 4, embed_dim: 192, depth: 5, num_heads: 4 },
      mask: { rate: maskRate },
      pretrain: { batch_size: batchSize },
    }),
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.experiment;
}

/** Plans and batches of pretraining on 100 images. */
export const tinyBatches = (maskRate: number, batchSize: number) =>
  batchContext(experimentOf(maskRate, batchSize), "pretrain", 100);

export const tinyEngine = (backend: Backend): Engine =>
  new Engine(backend, { shape: modelShape(experimentOf(0, 1)), seed: 1 });
