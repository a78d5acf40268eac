/** The keys that both training stages share. */
import * as z from "zod";
import { integer } from "./sections/values.ts";

/** Fewer samples tell nothing apart. */
export const LEAST_SAMPLES = 50;

const momentDecay = () => z.number().min(0).lt(1);

/** @param defaults those that differ between the stages */
export const stageKeys = (defaults: { batch_size: number }) => ({
  steps: integer(1, 1_000_000_000).default(200_000).meta({
    description: "Optimiser steps of the stage.",
    unit: "steps",
    cost: "Time grows in proportion.",
  }),
  batch_size: integer(1, 65_536).default(defaults.batch_size).meta({
    description: "Images per optimiser step.",
    unit: "images",
    cost: "Time of a step grows in proportion; memory does not, as micro-batches bound it.",
  }),
  micro_batch_size: z
    .union([z.literal("auto"), integer(1, 65_536)])
    .default("auto")
    .meta({
      description:
        "Images per forward and backward pass; gradients are accumulated over batch_size / micro_batch_size passes. Must divide batch_size. auto: the largest that fits the memory.",
      unit: "images",
      cost: "Activation memory grows in proportion.",
    }),
  lr: z.number().positive().max(1).default(2e-4).meta({ description: "Learning rate of AdamW after warm-up." }),
  lr_schedule: z.enum(["constant", "cosine"]).default("constant").meta({
    description: "Learning rate after warm-up: constant, or falling to 0 along a cosine.",
  }),
  warmup_steps: integer(0, 100_000_000).default(0).meta({
    description: "Steps over which the learning rate rises linearly from 0.",
    unit: "steps",
  }),
  betas: z.tuple([momentDecay(), momentDecay()]).default([0.99, 0.99]).meta({
    description: "AdamW decay rates of the first and second moment.",
  }),
  weight_decay: z.number().min(0).max(1).default(0.03).meta({ description: "AdamW's decoupled weight decay." }),
  clip_grad: z.number().positive().nullable().default(null).meta({
    description: "Largest norm of the whole gradient; longer ones are scaled down to it. null = no clipping.",
  }),
  ema_decay: momentDecay().default(0.999).meta({
    description: "Decay of the weights' moving average, reached after a warm-up; samples use the averaged weights.",
    equation: "decay_k = min(ema_decay, 1 - (1 + k)^(-2/3)), k = updates after the first 100",
  }),
  checkpoint_every: integer(1, 1_000_000_000).default(5000).meta({
    description: "Steps between checkpoints; one is written at the end in any case.",
    unit: "steps",
    cost: "A checkpoint holds weights, EMA weights and both AdamW moments: 16 bytes per parameter.",
  }),
  keep_checkpoints: integer(1, 10_000).default(3).meta({
    description: "How many of the newest checkpoints are kept.",
    unit: "checkpoints",
    cost: "Disk: 16 bytes per parameter each.",
  }),
  keep_every: integer(1, 1_000_000_000).nullable().default(null).meta({
    description: "Checkpoints at multiples of this step are kept for good; null = none.",
    unit: "steps",
  }),
  sample_every: integer(0, 1_000_000_000).default(5000).meta({
    description: "Steps between sample grids; 0 = none.",
    unit: "steps",
    cost: "A grid is sample.count · sample.steps forward passes on whole images, up to twice as many with sample.guidance.",
  }),
  held_out_every: integer(0, 1_000_000_000).default(500).meta({
    description:
      "Steps between measurements of the held-out loss: that of whole images, also while images are masked, on images that `data.holdout` keeps out of training, by the averaged weights, at the same timesteps with the same noise every time. So it can be compared between mask rates, seeds and batch sizes. 0 = never; nothing is measured without `data.holdout`.",
    unit: "steps",
    equation:
      "mean over up to 256 held-out images, 4 timesteps each, of the mean of (prediction - target)^2, of velocities with loss_weighting: velocity",
    cost: "Up to 1024 forward passes on whole images.",
  }),
  evaluate_every: integer(0, 1_000_000_000).default(0).meta({
    description:
      "Steps between evaluations, which draw samples with the averaged weights and measure them against the training images as `maskdm evaluate` does; the last step has one, too. KID and its error become a chart. 0 = none.",
    unit: "steps",
    cost: "An evaluation is evaluate_samples · sample.steps forward passes on whole images, up to twice as many with sample.guidance, and an embedding of all images once.",
  }),
  evaluate_samples: integer(LEAST_SAMPLES, 100_000).default(200).meta({
    description: "Images that an evaluation during training draws. The error of KID falls with their number.",
    unit: "images",
    cost: "Time of an evaluation grows in proportion.",
  }),
  log_every: integer(1, 1_000_000).default(10).meta({
    description: "Steps between lines of metrics.",
    unit: "steps",
  }),
});
