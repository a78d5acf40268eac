/**
 * The experiment file (`*.maskdm.yaml`). This schema is the one source of the TypeScript types, the defaults, the published JSON
 * Schema and the documentation of every key.
 */
import { z } from "zod";

const integer = (min: number, max: number) => z.number().int().min(min).max(max);
const rate01 = () => z.number().min(0).max(1);

const data = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .describe("Folder of images, searched recursively; relative paths start at the experiment file."),
    image_size: integer(4, 1024).default(64).describe("Side of the square training image, in pixels."),
    channels: z
      .union([z.literal(1), z.literal(3)])
      .default(3)
      .describe("1 = grey, 3 = RGB."),
    hflip: rate01().default(0).describe("Probability of a horizontal flip."),
    background: z
      .string()
      .regex(/^#[0-9a-fA-F]{6}$/)
      .default("#ffffff")
      .describe("Colour that transparent images are composited on, as #rrggbb."),
    labels: z.enum(["none", "folders"]).default("none").describe("folders: each first-level sub-folder is a class."),
    max_broken: rate01().default(0.05).describe("Share of unreadable images above which a run refuses to start."),
  })
  .describe("The images.");

const model = z
  .strictObject({
    patch_size: integer(1, 64).default(4).describe("Side p of a patch (a token), in pixels; must divide image_size."),
    embed_dim: integer(8, 4096).default(512).describe("Width D of the tokens."),
    depth: integer(1, 64)
      .default(13)
      .describe("Transformer blocks: floor(depth/2) in, one in the middle, floor(depth/2) out."),
    num_heads: integer(1, 64).default(8).describe("Attention heads; must divide embed_dim."),
    mlp_ratio: z.number().min(0.25).max(16).default(4).describe("Hidden width of the MLP over embed_dim."),
    qkv_bias: z.boolean().default(false).describe("Learned biases for queries and values."),
    time_embedding: z
      .enum(["sinusoidal", "mlp"])
      .default("sinusoidal")
      .describe("mlp: two linear layers with SiLU between."),
    num_classes: integer(0, 100_000).default(0).describe("0 = unconditional; otherwise the number of classes."),
    class_dropout: rate01()
      .default(0.1)
      .describe("Probability that a label is replaced by the unconditional embedding."),
  })
  .describe("The U-ViT backbone.");

const mask = z
  .strictObject({
    strategy: z
      .enum(["patch", "block", "crop", "none"])
      .default("block")
      .describe("What is hidden during pretraining."),
    rate: z.number().min(0).lt(1).default(0.9).describe("Asked share m of hidden tokens."),
    block_size: integer(1, 256).default(4).describe("Side of a hidden block, in tokens (strategy block)."),
    crop_size: integer(1, 1024)
      .nullable()
      .default(null)
      .describe("Side of the visible window, in tokens (strategy crop); null derives it from rate."),
  })
  .describe("Masking during pretraining.");

const diffusion = z
  .strictObject({
    timesteps: integer(2, 10_000).default(1000).describe("Diffusion steps T."),
    schedule: z.enum(["cosine", "linear"]).default("cosine").describe("Noise schedule."),
    prediction: z.enum(["epsilon", "v", "x0"]).default("epsilon").describe("What the network predicts."),
    loss_weighting: z.enum(["uniform", "min_snr"]).default("uniform").describe("Weight of a timestep's loss."),
    min_snr_gamma: z.number().positive().default(5).describe("Cap of the signal-to-noise ratio (min_snr)."),
  })
  .describe("The diffusion process.");

const stage = (defaults: { batch_size: number }) => ({
  steps: integer(1, 1_000_000_000).default(200_000).describe("Optimiser steps."),
  batch_size: integer(1, 65_536).default(defaults.batch_size).describe("Images per optimiser step."),
  micro_batch_size: z
    .union([z.literal("auto"), integer(1, 65_536)])
    .default("auto")
    .describe(
      "Images per forward and backward pass; gradients are accumulated. auto: the largest that fits the memory.",
    ),
  lr: z.number().positive().max(1).default(2e-4).describe("Learning rate after warm-up."),
  lr_schedule: z
    .enum(["constant", "cosine"])
    .default("constant")
    .describe("Learning rate after warm-up: kept, or cosine to 0."),
  warmup_steps: integer(0, 100_000_000).default(0).describe("Steps of linear warm-up from 0."),
  betas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
    .default([0.99, 0.99])
    .describe("AdamW decay rates of the two moments."),
  weight_decay: z.number().min(0).max(1).default(0.03).describe("AdamW decoupled weight decay."),
  clip_grad: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe("Largest global gradient norm; null = no clipping."),
  ema_decay: z.number().min(0).lt(1).default(0.999).describe("Decay of the weights' moving average after its warm-up."),
  checkpoint_every: integer(1, 1_000_000_000).default(5000).describe("Steps between checkpoints."),
  keep_checkpoints: integer(1, 10_000).default(3).describe("How many of the newest checkpoints are kept."),
  keep_every: integer(1, 1_000_000_000)
    .nullable()
    .default(null)
    .describe("Checkpoints at multiples of this step are kept for good."),
  sample_every: integer(0, 1_000_000_000).default(5000).describe("Steps between sample grids; 0 = none."),
  log_every: integer(1, 1_000_000).default(10).describe("Steps between lines of metrics."),
});

const pretrain = z.strictObject(stage({ batch_size: 256 })).describe("Stage 1: on masked images.");
const finetune = z
  .strictObject({
    ...stage({ batch_size: 128 }),
    from: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe("Run or checkpoint to start from, unless --from says otherwise."),
    weights: z.enum(["raw", "ema"]).default("raw").describe("Which weights of it to take."),
  })
  .describe("Stage 2: on whole images.");

const sample = z
  .strictObject({
    sampler: z.enum(["ddim", "ancestral", "dpmpp_2m"]).default("ddim").describe("Sampler."),
    steps: integer(1, 10_000).default(100).describe("Network evaluations per image."),
    eta: rate01().default(1).describe("DDIM noise: 0 = deterministic, 1 = as much as ancestral."),
    count: integer(1, 10_000).default(16).describe("Images per grid."),
    weights: z.enum(["ema", "raw"]).default("ema").describe("Which weights draw."),
    clip: z.boolean().default(true).describe("Clamp the predicted image to [-1, 1] at every step."),
  })
  .describe("Sample grids.");

const engine = z
  .strictObject({
    backend: z.enum(["auto", "onnx", "onnx-webgpu", "tfjs"]).default("auto").describe("What computes the steps."),
    threads: z
      .union([z.literal("auto"), integer(1, 1024)])
      .default("auto")
      .describe("Threads; auto = the machine's cores."),
    memory_gb: z
      .union([z.literal("auto"), z.number().positive()])
      .default("auto")
      .describe("Memory the training step may take, in GiB."),
  })
  .describe("The machine's side.");

export const experimentSchema = z
  .strictObject({
    data,
    model: model.prefault({}),
    mask: mask.prefault({}),
    diffusion: diffusion.prefault({}),
    pretrain: pretrain.prefault({}),
    finetune: finetune.prefault({}),
    sample: sample.prefault({}),
    engine: engine.prefault({}),
    seed: integer(0, Number.MAX_SAFE_INTEGER).default(0).describe("Seed of every random stream."),
  })
  .describe("A MaskDM experiment.");

/** A complete experiment, every default filled in. */
export type Experiment = z.output<typeof experimentSchema>;
/** What a user writes: everything but data.path may be left out. */
export type ExperimentInput = z.input<typeof experimentSchema>;
export type DataConfig = Experiment["data"];
export type ModelConfig = Experiment["model"];
export type DiffusionConfig = Experiment["diffusion"];
export type StageConfig = Experiment["pretrain"];
export type SampleConfig = Experiment["sample"];
