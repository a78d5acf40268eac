/** Which keys of an experiment may hold another value when training goes on from weights and optimiser state that are there. */

import { backboneOf } from "../model/backbones.ts";
import type { Stage } from "../random/streams.ts";
import { isIdle } from "./idleKeys.ts";
import type { Experiment } from "./schema.ts";
import { yamlText } from "./yamlText.ts";

/** What a change of a key means to a run that goes on. */
export type OnResume =
  /** how it is computed, shown or kept, not what is learned */
  | { readonly may: "silently" }
  /** training goes on otherwise from that step on */
  | { readonly may: "noted" }
  /** the run would be another one; `breaks` is what no longer suits it: what the weights are, what they mean, or how it began */
  | { readonly may: "never"; readonly breaks: "network" | "diffusion" | "start"; readonly why: string };

/** An entry for every key of the experiment file: one that is missing does not compile. */
type Table = {
  readonly [S in keyof Experiment]: Experiment[S] extends number
    ? OnResume
    : { readonly [K in keyof Experiment[S]]: OnResume };
};

const silently: OnResume = { may: "silently" };
const noted: OnResume = { may: "noted" };
const never = (breaks: "network" | "diffusion" | "start", why: string): OnResume => ({ may: "never", breaks, why });

const OTHER_PATCHES = "the patch embedding and the output layer have other shapes";
const OTHER_NOISE = "a timestep then means another amount of noise than the weights know";

const STAGE: Table["pretrain"] = {
  steps: noted,
  batch_size: noted,
  micro_batch_size: silently,
  lr: noted,
  lr_schedule: noted,
  warmup_steps: noted,
  betas: noted,
  weight_decay: noted,
  clip_grad: noted,
  ema_decay: noted,
  checkpoint_every: silently,
  keep_checkpoints: silently,
  keep_every: silently,
  sample_every: silently,
  held_out_every: silently,
  evaluate_every: silently,
  evaluate_samples: silently,
  log_every: silently,
};

const TABLE: Table = {
  data: {
    path: noted,
    image_size: never("network", "it has positions for another number of tokens"),
    channels: never("network", OTHER_PATCHES),
    hflip: noted,
    background: noted,
    ignore: noted,
    labels: never("start", "an image's class then means something else than it was trained with"),
    max_broken: silently,
    holdout: never("start", "images that are held out must not have been trained on"),
  },
  model: {
    backbone: never("network", "it is another network, with other weights"),
    patch_size: never("network", OTHER_PATCHES),
    embed_dim: never("network", "every tensor has another width"),
    depth: never("network", "it has other blocks"),
    num_heads: never("network", "the weights fit, but split into other heads than they were trained for"),
    mlp_ratio: never("network", "the MLPs have another hidden width"),
    qkv_bias: never("network", "attn.q_bias and attn.v_bias are in one of them only"),
    time_embedding: never("network", "encoder.time_embed is in one of them only"),
    qk_norm: never("network", "attn.q_norm and attn.k_norm are in one of them only"),
    norm: never("network", "the weights were trained with the other normalisation"),
    mlp: never("network", "the MLPs have other layers"),
    positions: never("network", "the weights were trained with other positions of the tokens"),
    output_conv: never("network", "output_conv is in one of them only"),
    num_classes: never("network", "the table of classes has another size"),
    class_dropout: noted,
  },
  mask: {
    strategy: noted,
    rate: noted,
    block_size: noted,
    cell_size: noted,
    crop_size: noted,
    mode: noted,
    route_from: noted,
    fuse_blocks: never("network", "the weights fit, but other blocks than these have seen all tokens"),
  },
  diffusion: {
    process: never("diffusion", OTHER_NOISE),
    timesteps: never("diffusion", OTHER_NOISE),
    timestep_distribution: noted,
    logit_mean: noted,
    logit_std: noted,
    schedule: never("diffusion", OTHER_NOISE),
    prediction: never("diffusion", "the network's output then means something else than it was trained for"),
    loss_weighting: noted,
    min_snr_gamma: noted,
  },
  pretrain: STAGE,
  finetune: {
    ...STAGE,
    from: never("start", "a run takes weights from elsewhere only when it begins"),
    weights: never("start", "a run takes weights from elsewhere only when it begins"),
    classes: never("start", "classes get their numbers when a run begins"),
  },
  sample: {
    sampler: silently,
    steps: silently,
    eta: silently,
    count: silently,
    weights: silently,
    clip: silently,
    guidance: silently,
    guidance_interval: silently,
    classes: silently,
  },
  engine: { backend: silently, threads: silently, memory_gb: silently, precision: silently },
  compute: {
    target: silently,
    workers: silently,
    shard: silently,
    address: silently,
    cpus_per_worker: silently,
    gpus_per_worker: silently,
    command: silently,
  },
  seed: noted,
};

/** Whether a network of mode `fuse` and one of another mode meet, whose tensors differ; of all other modes they are the same. */
const meetsFuse = ({ path, from, to }: ChangedKey): boolean =>
  path === "mask.mode" && (from === "fuse") !== (to === "fuse");

const OTHER_STAGE: Readonly<Record<Stage, string>> = { pretrain: "finetune.", finetune: "pretrain." };

/** Keys of the mask, but for what is part of the network. */
const MASKS = /^mask\.(?!mode$|fuse_blocks$)/;

/** Whether a stage reads a key at all. */
export const isReadBy = (stage: Stage, path: string): boolean =>
  !path.startsWith(OTHER_STAGE[stage]) && !(stage === "finetune" && MASKS.test(path));

/** The rule of a key, and what its change from one value to another means. */
export function onResume(change: ChangedKey): OnResume {
  if (meetsFuse(change)) return never("network", "only with mode fuse the network has the tensors of fuse");
  return ruleOf(change.path);
}

/** What a change of a key means whatever its values are. @param path dotted key of the experiment */
export function ruleOf(path: string): OnResume {
  const [section, name] = path.split(".") as [keyof Experiment, string?];
  const entry: OnResume | Readonly<Record<string, OnResume>> = TABLE[section];
  return name === undefined ? (entry as OnResume) : (entry as Readonly<Record<string, OnResume>>)[name]!;
}

/** Whether a new run may start from weights that were trained with the other value: what they lack begins as if it were not there. */
export const mayBeAdded = ({ path, from, to }: ChangedKey): boolean =>
  path === "model.output_conv" && from === "none" && to === "residual";

/** A key that has another value. */
export interface ChangedKey {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** Keys whose values differ, in the order of the file. Depths that build the same blocks do not, nor what nothing reads. */
export function changedKeys(before: Experiment, after: Experiment): ChangedKey[] {
  const [old, now] = [values(before), values(after)];
  return [...now]
    .map(([path, to]) => ({ path, from: old.get(path), to }))
    .filter(({ path, from, to }) => !isSameValue(path, from, to, after));
}

/**
 * Whether two values of a key come to the same.
 * @param experiment that they belong to
 */
export function isSameValue(
  path: string,
  a: unknown,
  b: unknown,
  experiment: Pick<Experiment, "model" | "diffusion" | "sample" | "compute">,
): boolean {
  if (isIdle(path, experiment)) return true;
  // Depths 12 and 13 of a U-ViT build the same blocks.
  const { blocks } = backboneOf(experiment.model);
  if (path === "model.depth") return blocks(Number(a)) === blocks(Number(b));
  return yamlText(a) === yamlText(b);
}

function values(experiment: Experiment): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [section, value] of Object.entries(experiment)) {
    if (typeof value !== "object") found.set(section, value);
    else for (const [name, entry] of Object.entries(value)) found.set(`${section}.${name}`, entry);
  }
  return found;
}
