/** Six configurations whose time is forecast: each stresses another part of it. */
import type { ExperimentInput } from "../../src/core/experiment/schema.ts";
import type { Stage } from "../../src/core/random/streams.ts";

export interface Case {
  readonly name: string;
  /** what it is, for the report */
  readonly what: string;
  readonly stage: Stage;
  /** @param images folder of the emoji; @param steps of the stage, which saves, draws and measures so many times in all */
  experiment(images: string, steps: number): ExperimentInput;
}

const TINY = { patch_size: 4, embed_dim: 192, depth: 5, num_heads: 4 } as const;

/** Keys of a stage that does nothing between its steps but save at the end. */
const bare = (steps: number, batch_size: number) => ({
  ...{ steps, batch_size, lr: 5e-4, warmup_steps: 20, clip_grad: 1 },
  ...{ checkpoint_every: steps, sample_every: 0, held_out_every: 0, evaluate_every: 0 },
});
const parts = (steps: number, times: number): number => Math.ceil(steps / times);

export const CASES: readonly Case[] = [
  {
    name: "plain",
    what: "U-ViT 192 × 5, 32 px, m = 0.875 in blocks, batch 64",
    stage: "pretrain",
    experiment: (path, steps) => ({
      data: { path, image_size: 32 },
      model: TINY,
      mask: { strategy: "block", block_size: 2, rate: 0.875 },
      pretrain: bare(steps, 64),
    }),
  },
  {
    name: "samples",
    what: "DiT 128 × 6, 32 px, m = 0.75, batch 32; 4 sample grids",
    stage: "pretrain",
    experiment: (path, steps) => ({
      data: { path, image_size: 32 },
      model: { backbone: "dit", patch_size: 4, embed_dim: 128, depth: 6, num_heads: 4 },
      mask: { rate: 0.75 },
      pretrain: { ...bare(steps, 32), sample_every: parts(steps, 4) },
      sample: { count: 16, steps: 50 },
    }),
  },
  {
    name: "schedule",
    what: "U-ViT 192 × 5, 32 px, m = 0.875, then 0.5, then 0, batch 32; 10 checkpoints",
    stage: "pretrain",
    experiment: (path, steps) => ({
      data: { path, image_size: 32 },
      model: TINY,
      mask: { strategy: "patch", rate: [{ until: 0.5, rate: 0.875 }, { until: 0.8, rate: 0.5 }, { rate: 0 }] },
      pretrain: { ...bare(steps, 32), checkpoint_every: parts(steps, 10) },
    }),
  },
  {
    name: "small-patches",
    what: "U-ViT 128 × 5, 32 px, patch 2, m = 0.75, batch 8; 4 held-out losses",
    stage: "pretrain",
    experiment: (path, steps) => ({
      data: { path, image_size: 32, holdout: 0.1 },
      model: { patch_size: 2, embed_dim: 128, depth: 5, num_heads: 4 },
      mask: { rate: 0.75 },
      pretrain: { ...bare(steps, 8), held_out_every: parts(steps, 4) },
    }),
  },
  {
    name: "large",
    what: "U-ViT 256 × 5, 64 px, m = 0.5, hidden tokens routed past the middle, batch 8 in micro-batches of 4; 2 checkpoints",
    stage: "pretrain",
    experiment: (path, steps) => ({
      data: { path, image_size: 64 },
      model: { patch_size: 4, embed_dim: 256, depth: 5, num_heads: 4 },
      mask: { strategy: "patch", rate: 0.5, mode: "route" },
      pretrain: { ...bare(steps, 8), micro_batch_size: 4, checkpoint_every: parts(steps, 2) },
    }),
  },
  {
    name: "evaluated",
    what: "finetuning of the first, whole images, batch 16; 2 evaluations of 50 samples, 2 sample grids",
    stage: "finetune",
    experiment: (path, steps) => ({
      data: { path, image_size: 32 },
      model: TINY,
      finetune: {
        ...bare(steps, 16),
        sample_every: parts(steps, 2),
        evaluate_every: parts(steps, 2),
        evaluate_samples: 50,
      },
      sample: { count: 9, steps: 20 },
    }),
  },
];
