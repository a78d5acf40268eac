/**
 * The settings of the method's published code (jiachenlei/maskdm): those of all its configuration files and of its command line, which a
 * file may give as well. Each is a key here, or is named with the reason why it is none.
 */
export type Taken =
  /** dotted keys here; "stage." stands for the stage that the file is of */
  | { readonly keys: Readonly<Record<string, unknown>>; readonly note?: string }
  /** always so here */
  | { readonly same: true }
  /** read by nobody there */
  | { readonly unread: true }
  /** why there is no key */
  | { readonly lacks: string };

/** A whole file: other settings may decide what one means. */
export type Settings = ReadonlyMap<string, unknown>;
type Take = (value: unknown, all: Settings) => Taken;

const to =
  (path: string): Take =>
  (value) => ({ keys: { [path]: value } });
const lacks =
  (why: string): Take =>
  () => ({ lacks: why });
const unread: Take = () => ({ unread: true });
/** @param usual what it is here without a key */
const same =
  (usual: (value: unknown) => boolean, why: string): Take =>
  (value) =>
    usual(value) ? { same: true } : { lacks: why };
const oneOf =
  (...values: unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value);

const TRACKING = "nothing is sent anywhere; curves and logs are in the run folder";
const WAVELETS = "wavelets are not here; images are patches of pixels";
const DECODER = "the network has no decoder (the published one has none either, from its second release on)";
const DROPOUT = "the networks here have no dropout";
const WINDOW = "images are values from -1 to 1 here, always";
const isHalf = (value: unknown): boolean => Array.isArray(value) && value.every((item) => item === 0.5);

/** Steps between updates k: as often updated, the average has the k-th root of its decay. */
const averageEvery: Take = (value, all) => {
  const decay = all.get("ema_decay");
  if (value === 1) return { same: true };
  if (typeof value !== "number" || !(value > 1) || typeof decay !== "number" || !(decay > 0))
    return { lacks: "the average is updated at every step here" };
  const every = Number((decay ** (1 / value)).toPrecision(6));
  return {
    keys: { "stage.ema_decay": every },
    note: `${decay} at every ${value}th step there: about as much at every step`,
  };
};

const maskRate: Take = (value) => {
  const rate = Array.isArray(value) ? value[0] : value;
  if (rate === 0) return { keys: {}, note: "whole images: this is a file of finetuning" };
  return {
    keys: { "mask.rate": rate },
    ...(Array.isArray(value) ? { note: `${JSON.stringify(value)} there, for two bands of wavelets` } : {}),
  };
};

const masked =
  (take: Take): Take =>
  (value, all) =>
    isMasked(all) ? take(value, all) : { unread: true };

/** Whether a file is of masked pretraining. */
export function isMasked(all: Settings): boolean {
  const rate = all.get("dataset.MASK_RATIO");
  return (Array.isArray(rate) ? rate[0] : rate) !== 0;
}

const usesWavelets = (all: Settings): boolean =>
  all.get("dataset.USE_DWT") === true || all.get("network.name") === "maskdwt";

export const PUBLISHED_SETTINGS: Readonly<Record<string, Take>> = {
  define: unread,
  pretrained_model_ckpt: (value) =>
    value === "" || value === null
      ? { same: true }
      : { lacks: `import it, and name the run it becomes in finetune.from, or with --from (pretrain has that, too)` },
  batch_size: to("stage.batch_size"),
  lr: to("stage.lr"),
  warmup_steps: to("stage.warmup_steps"),
  warmup_lr: unread,
  warmup_schedule: unread,
  adam_betas: to("stage.betas"),
  weight_decay: to("stage.weight_decay"),
  clip_grad: to("stage.clip_grad"),
  ema_decay: (value, all) =>
    isAveragedEveryStep(all) ? { keys: { "stage.ema_decay": value } } : { keys: {}, note: "see ema_update_every" },
  ema_update_every: averageEvery,
  train_steps: to("stage.steps"),
  training_steps: to("stage.steps"),
  save_and_sample_every: (value) => ({ keys: { "stage.checkpoint_every": value, "stage.sample_every": value } }),
  num_samples: to("sample.count"),
  gradient_accumulate_every: (value, all) =>
    value === 1
      ? { same: true }
      : {
          lacks: `batch_size here is the whole of a step: ${String(value)} batches of ${String(all.get("batch_size"))} are one of as many images together; micro_batch_size divides it`,
        },
  seed: to("seed"),
  results_folder: (value) =>
    value === "" ? { same: true } : { lacks: "the command says where runs go: --runs-dir DIR" },
  name: lacks("runs are named when they begin: --run NAME"),
  resume_from: lacks(
    "maskdm resume goes on from the newest checkpoint; to branch off an older one, start another run with --from RUN/checkpoints/step-…",
  ),
  num_workers: lacks("images are decoded once and kept; there are no loader processes to count"),
  debug: lacks(TRACKING),
  wandb_id: lacks(TRACKING),
  wandb_project: lacks(TRACKING),
  overwrite: lacks("what the command line says (--set key=value) always counts first"),

  beta_schedule: to("diffusion.schedule"),
  shift: same(oneOf(false, null), "the shifted cosine schedule is not here; cosine is the plain one"),
  loss_type: same(oneOf("l2"), "the loss is the squared error; l1 is not here"),
  loss_weight: (_, all) =>
    all.get("p2_loss_weight_gamma")
      ? { lacks: "P2 weights are not here; diffusion.loss_weighting has others" }
      : { same: true },
  p2_loss_weight_gamma: same(oneOf(0, null), "P2 weights are not here; diffusion.loss_weighting has others"),
  k: lacks("P2 weights are not here; diffusion.loss_weighting has others"),
  clip_denoised: to("sample.clip"),
  clip_max: same(oneOf(1), `${WINDOW}, and the predicted image is clamped to that (sample.clip)`),
  clip_min: same(oneOf(-1), `${WINDOW}, and the predicted image is clamped to that (sample.clip)`),
  normalization: same(oneOf(true), WINDOW),
  guidance_weight: to("sample.guidance"),
  use_corrector: same(oneOf(false, null), "Langevin corrector steps are not here"),
  sampling_steps: to("sample.steps"),
  ddim_sampling_eta: to("sample.eta"),
  total_samples: lacks(
    "the command says how many are drawn: maskdm sample RUN --count N --images, maskdm evaluate RUN --samples N",
  ),
  bs: lacks("how many images are drawn at once is chosen by the memory there is"),
  ckpt: lacks(
    "the command names what is drawn from: maskdm sample RUN, or a checkpoint in one; maskdm evaluate takes several",
  ),
  output: lacks("the command says where images go: maskdm sample RUN --images --out FILE"),
  mixed_precision: lacks("the engines here compute in float32"),

  "dataset.NAME": (value) =>
    value === "vggface"
      ? { lacks: "images are found in folders at any depth, as those of VGGFace2 lie" }
      : { lacks: "data.path alone says which images: any folder of them" },
  "dataset.TASK": (value) => (value === "cond" ? { keys: { "data.labels": "folders" } } : { same: true }),
  "dataset.PATH": (value) => (isPath(value) ? { keys: { "data.path": value } } : { same: true }),
  "dataset.MASK_RATIO": maskRate,
  "dataset.MASK_TYPE": masked(to("mask.strategy")),
  "dataset.MASK_BLOCK_SIZE": masked((value) =>
    value === -1 ? { same: true } : { keys: { "mask.block_size": value } },
  ),
  "dataset.MASK_CROP_SIZE": masked((value, all) =>
    value === -1 || all.get("dataset.MASK_TYPE") !== "crop" ? { same: true } : { keys: { "mask.crop_size": value } },
  ),
  "dataset.IMG_SIZE": (value, all) =>
    usesWavelets(all)
      ? { keys: { "data.image_size": value }, note: "pixels, of which wavelets were made there" }
      : value === all.get("network.img_size")
        ? { same: true }
        : { lacks: "there is one size, that of the network (data.image_size)" },
  "dataset.SHORT_SIDE_SIZE": (value, all) =>
    value === -1 || value === (all.get("dataset.IMG_SIZE") ?? all.get("network.img_size"))
      ? { same: true }
      : {
          lacks:
            "images are resized by their shorter side to data.image_size and cropped to it; there is no larger size to crop from",
        },
  "dataset.MEAN": same(isHalf, WINDOW),
  "dataset.STD": same(isHalf, WINDOW),
  "dataset.NORMALIZATION": same(oneOf(true), WINDOW),
  "dataset.hflip_prob": to("data.hflip"),
  "dataset.USE_DWT": same(oneOf(false), WAVELETS),
  "dataset.DWT_LEVEL": (_, all) => (usesWavelets(all) ? { lacks: WAVELETS } : { unread: true }),

  "network.name": same(
    oneOf("maskdm", "mask_uvit"),
    "that network is not here; this file has the method's own (model.backbone: uvit)",
  ),
  "network.img_size": (value, all) =>
    usesWavelets(all) ? { lacks: WAVELETS } : { keys: { "data.image_size": value } },
  "network.patch_size": to("model.patch_size"),
  "network.in_chans": (value) => (value === 12 ? { lacks: WAVELETS } : { keys: { "data.channels": value } }),
  "network.data_chans": (value, all) => (usesWavelets(all) ? { keys: { "data.channels": value } } : { unread: true }),
  "network.level": (_, all) => (usesWavelets(all) ? { lacks: WAVELETS } : { unread: true }),
  "network.scale": (_, all) => (usesWavelets(all) ? { lacks: WAVELETS } : { unread: true }),
  "network.encoder_embed_dim": to("model.embed_dim"),
  "network.encoder_depth": to("model.depth"),
  "network.encoder_heads": to("model.num_heads"),
  "network.decoder_embed_dim": (_, all) => (all.get("network.decoder_depth") ? { lacks: DECODER } : { unread: true }),
  "network.decoder_depth": same(oneOf(0, null), DECODER),
  "network.decoder_heads": (_, all) => (all.get("network.decoder_depth") ? { lacks: DECODER } : { unread: true }),
  "network.use_final_conv": (value) =>
    value === true
      ? { keys: { "model.output_conv": "residual" }, note: "added to its input here, which can be the same network" }
      : { same: true },
  "network.mlp_ratio": to("model.mlp_ratio"),
  "network.qkv_bias": to("model.qkv_bias"),
  "network.qk_scale": same(oneOf(null), "scores are always divided by the root of the numbers of a head"),
  "network.mlp_time_embed": (value) => ({ keys: { "model.time_embedding": value === true ? "mlp" : "sinusoidal" } }),
  "network.num_classes": (value) =>
    typeof value === "number" && value > 0
      ? { keys: { "model.num_classes": value, "model.class_dropout": 0 }, note: "labels are never dropped there" }
      : { same: true },
  "network.use_checkpoint": unread,
  "network.dropout": same(oneOf(0, null), DROPOUT),
  "network.attn_dropout": unread,
  "network.proj_dropout": unread,
};

const isAveragedEveryStep = (all: Settings): boolean => {
  const every = all.get("ema_update_every");
  return typeof every !== "number" || !(every > 1);
};

/** The published files hold notes in its place. */
const isPath = (value: unknown): boolean => typeof value === "string" && value !== "" && !/^NOTE\b/.test(value);

/** What is at work there where a file does not say it, and is otherwise here. */
export const PUBLISHED_DEFAULTS: Readonly<Record<string, unknown>> = {
  clip_grad: 1,
  seed: 1232,
  sampling_steps: 250,
  "dataset.MASK_RATIO": 0.9,
  "network.img_size": 224,
  "network.patch_size": 16,
  "network.encoder_embed_dim": 768,
  "network.encoder_depth": 12,
  "network.encoder_heads": 12,
};
