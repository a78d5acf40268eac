/** The experiment that `maskdm toy` trains: the schema's, at the size of two pixels. */
import type { TokenShape } from "../batch/tokens.ts";
import { type Experiment, experimentSchema } from "../experiment/schema.ts";
import { type ModelShape, modelShape } from "../model/shape.ts";
import { type ToySettings, toyStages } from "./settings.ts";

/** Images of one row of two grey pixels, each of which is a token: N = 2. */
export const TOY_IMAGE = { imageSize: 2, imageHeight: 1, channels: 1, patchSize: 1 } as const satisfies TokenShape;

/**
 * What a run of the same kind would have in its experiment file; the data are not its images. Little noise and much of it are one to a
 * token of one number where the network is told the time at every normalisation, as in a DiT, and predicts the point itself.
 */
export function toyExperiment({ steps, seed }: ToySettings): Experiment {
  const stage = {
    ...{ batch_size: 64, lr: 4e-3, lr_schedule: "cosine", betas: [0.9, 0.99], weight_decay: 0, ema_decay: 0.99 },
  } as const;
  const { pretrain, finetune } = toyStages({ steps });
  return experimentSchema.parse({
    data: { path: "points", channels: 1 },
    model: { backbone: "dit", patch_size: 1, embed_dim: 32, depth: 3, num_heads: 2 },
    mask: { strategy: "patch", rate: 0.5 },
    diffusion: { prediction: "x0" },
    pretrain: { ...stage, steps: pretrain },
    finetune: { ...stage, steps: finetune },
    sample: { sampler: "dpmpp_2m", steps: 16, clip: false },
    engine: { threads: 1 },
    seed,
  });
}

export const toyShape = (experiment: Experiment): ModelShape => ({ ...modelShape(experiment), ...TOY_IMAGE });
