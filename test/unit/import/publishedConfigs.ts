/** Configurations in the layout of the method's published code. */

/** Every setting of its files, of both releases, and of its command line, with a value that its files have. */
export const PUBLISHED_KEYS: Readonly<Record<string, unknown>> = {
  pretrained_model_ckpt: "",
  batch_size: 64,
  lr: 2e-4,
  warmup_steps: 5000,
  warmup_lr: -1,
  warmup_schedule: "lambda",
  adam_betas: [0.99, 0.99],
  weight_decay: 0.03,
  results_folder: "",
  ema_decay: 0.999,
  ema_update_every: 1,
  clip_grad: 1,
  beta_schedule: "linear",
  num_workers: 3,
  normalization: true,
  clip_max: 1,
  clip_min: -1,
  shift: false,
  loss_weight: "p2",
  p2_loss_weight_gamma: 0,
  "dataset.NAME": "celebahq",
  "dataset.TASK": "uncond",
  "dataset.PATH": "",
  "dataset.MASK_RATIO": 0.5,
  "dataset.MASK_TYPE": "block",
  "dataset.MASK_BLOCK_SIZE": 4,
  "dataset.MASK_CROP_SIZE": -1,
  "dataset.IMG_SIZE": 256,
  "dataset.SHORT_SIDE_SIZE": 256,
  "dataset.MEAN": [0.5, 0.5, 0.5],
  "dataset.STD": [0.5, 0.5, 0.5],
  "dataset.NORMALIZATION": true,
  "dataset.USE_DWT": false,
  "dataset.DWT_LEVEL": 1,
  "dataset.hflip_prob": 0.5,
  "network.name": "maskdm",
  "network.img_size": 256,
  "network.patch_size": 4,
  "network.in_chans": 3,
  "network.data_chans": 3,
  "network.level": 1,
  "network.scale": 1,
  "network.encoder_embed_dim": 768,
  "network.encoder_depth": 12,
  "network.encoder_heads": 12,
  "network.decoder_embed_dim": 384,
  "network.decoder_depth": 0,
  "network.decoder_heads": 6,
  "network.mlp_ratio": 4,
  "network.qkv_bias": false,
  "network.num_classes": -1,
  "network.use_final_conv": false,
  "network.mlp_time_embed": false,
  "network.use_checkpoint": false,
  // Read by the code, in none of its files.
  loss_type: "l2",
  clip_denoised: true,
  train_steps: 200_000,
  save_and_sample_every: 10_000,
  num_samples: 16,
  gradient_accumulate_every: 1,
  seed: 1232,
  name: "temp",
  debug: true,
  overwrite: "command-line",
  resume_from: 3,
  wandb_id: "a",
  wandb_project: "diffusion-model",
  sampling_steps: 250,
  ddim_sampling_eta: 1,
  total_samples: 3000,
  bs: 64,
  ckpt: ["a.pt", "b.pt"],
  output: ["a", "b"],
  "network.qk_scale": null,
  "network.dropout": 0,
  "network.attn_dropout": 0,
  "network.proj_dropout": 0,
};

/** A file of the second stage of CelebA-HQ's pretraining, with anchors as the published ones have them. */
export const MASKED = `define: &img_size 256
define: &patch_size 4

pretrained_model_ckpt: ""
batch_size: 64
lr: 2.0e-4 # 2.0e-4
adam_betas: [0.99, 0.99]
weight_decay: 0.03
results_folder: ""
ema_decay: 0.999
ema_update_every: 1
clip_grad: 1.0
warmup_steps: 5000
warmup_schedule: "lambda"
beta_schedule: "cosine"
num_workers: 3
normalization: true
clip_max: 1
clip_min: -1

dataset:
  NAME: celebahq
  PATH: "NOTE: The image folder should contain all images"
  MASK_TYPE: "block"
  MASK_RATIO: 0.5
  MASK_BLOCK_SIZE: 4
  MASK_CROP_SIZE: -1
  hflip_prob: 0.0

network:
  name : 'maskdm'
  img_size : *img_size
  patch_size : *patch_size
  in_chans : 3
  encoder_embed_dim : 768
  encoder_depth : 12
  encoder_heads : 12
  mlp_ratio : 4
  qkv_bias : False
  mlp_time_embed : False
  use_checkpoint : False
`;

/** The same network's finetuning. */
export const WHOLE = MASKED.replace("MASK_RATIO: 0.5", "MASK_RATIO: 0.0")
  .replace("batch_size: 64", "batch_size: 32")
  .replace("lr: 2.0e-4 #", "lr: 1.0e-5 #");
