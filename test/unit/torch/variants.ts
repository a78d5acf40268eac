/** Tiny experiments that together hold every choice that both engines know. */
import { type Experiment, type ExperimentInput, experimentSchema } from "../../../src/core/experiment/schema.ts";
import type { Stage } from "../../../src/core/random/streams.ts";

export interface Variant {
  readonly title: string;
  readonly experiment: Experiment;
  readonly stage: Stage;
}

export type Sections = { readonly [K in keyof ExperimentInput]?: Partial<ExperimentInput[K]> };

export function variant(title: string, sections: Sections, stage: Stage = "pretrain"): Variant {
  const steps = { steps: 10, batch_size: 4, lr: 1e-4, ema_decay: 0.9 };
  const experiment = experimentSchema.parse({
    ...sections,
    seed: 7,
    data: { path: ".", image_size: 16, ...sections.data },
    model: { patch_size: 4, embed_dim: 32, depth: 3, num_heads: 2, ...sections.model },
    mask: { strategy: "patch", rate: 0.5, ...sections.mask },
    pretrain: { ...steps, ...sections.pretrain },
    finetune: { ...steps, ...sections.finetune },
  });
  return { title, experiment, stage };
}

const dit = { backbone: "dit" } as const;
const modern = { qk_norm: "rms", norm: "rms", mlp: "swiglu" } as const;
const classes = { num_classes: 3, class_dropout: 0.3 } as const;
const deep = { depth: 5 } as const;

export const VARIANTS: readonly Variant[] = [
  variant("U-ViT, patch, flips", { data: { hflip: 0.5 } }),
  variant("U-ViT, whole images, output convolution", { model: { output_conv: "residual" } }, "finetune"),
  variant("U-ViT, block, idle output convolution, even depth", {
    model: { output_conv: "residual", depth: 4 },
    mask: { strategy: "block", block_size: 2 },
  }),
  variant("U-ViT, stratified, classes, biases, time MLP, clipping", {
    data: { labels: "folders" },
    model: { ...classes, qkv_bias: true, time_embedding: "mlp" },
    mask: { strategy: "stratified", rate: 0.75 },
    pretrain: { clip_grad: 0.1, warmup_steps: 4, micro_batch_size: 2 },
  }),
  variant("U-ViT, crop, rms, swiglu, fixed positions, grey", {
    data: { channels: 1, hflip: 1 },
    model: { ...modern, positions: "sincos", mlp_ratio: 2.6 },
    mask: { strategy: "crop", rate: 0.6 },
    diffusion: { schedule: "linear", prediction: "v", loss_weighting: "min_snr" },
    pretrain: { lr_schedule: "cosine", betas: [0.9, 0.95], weight_decay: 0.1 },
  }),
  variant("U-ViT, route, flow of velocities", {
    model: { ...deep, output_conv: "residual" },
    mask: { mode: "route" },
    diffusion: {
      process: "flow",
      prediction: "v",
      timestep_distribution: "logit_normal",
      logit_mean: -0.8,
      logit_std: 0.8,
    },
  }),
  variant("U-ViT, fuse, classes, flow of images", {
    data: { labels: "folders" },
    model: { ...deep, ...classes },
    mask: { mode: "fuse", fuse_blocks: 1 },
    diffusion: { process: "flow", prediction: "x0", loss_weighting: "velocity" },
  }),
  variant("U-ViT, fuse of whole images", { model: { ...deep, ...modern }, mask: { mode: "fuse" } }, "finetune"),
  variant("U-ViT, rates that change", {
    mask: { rate: [{ until: 3, rate: 0.8 }, { until: 0.6, rate: 0.5, strategy: "block", block_size: 2 }, { rate: 0 }] },
    diffusion: { loss_weighting: "velocity" },
  }),
  variant("DiT, patch", { model: dit, diffusion: { loss_weighting: "min_snr", min_snr_gamma: 2 } }),
  variant("DiT, classes, rms, swiglu, output convolution", {
    data: { labels: "folders", hflip: 0.5 },
    model: { ...dit, ...modern, ...classes, output_conv: "residual" },
    mask: { strategy: "none" },
    diffusion: { prediction: "x0", loss_weighting: "min_snr", timesteps: 50 },
  }),
  variant("DiT, route", { model: { ...dit, depth: 4 }, mask: { mode: "route", route_from: 1 } }),
  variant("DiT, fuse, velocities of ddpm", {
    model: dit,
    mask: { mode: "fuse", strategy: "stratified", cell_size: 4 },
    diffusion: { prediction: "v", loss_weighting: "velocity" },
  }),
];
