/** "Did you mean …": the known name nearest to one that is not known. */

/** Names that other projects use for what a key here says. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  path: ["dataset", "data_path", "data_dir", "dir", "directory", "folder", "root", "images"],
  image_size: ["img_size", "resolution", "size", "input_size"],
  channels: ["in_channels", "in_chans", "num_channels"],
  hflip: ["flip", "horizontal_flip", "random_flip"],
  embed_dim: ["dim", "hidden_size", "hidden_dim", "width", "d_model", "emb_dim"],
  depth: ["layers", "num_layers", "n_layers", "blocks", "num_blocks"],
  num_heads: ["heads", "n_heads", "attention_heads"],
  num_classes: ["classes", "n_classes"],
  class_dropout: ["label_dropout", "class_dropout_prob", "cfg_dropout", "uncond_prob"],
  rate: ["ratio", "mask_ratio", "mask_rate", "masking_ratio", "masking_rate"],
  strategy: ["type", "mode", "mask_type"],
  timesteps: ["diffusion_steps", "num_timesteps", "num_train_timesteps", "T"],
  schedule: ["noise_schedule", "beta_schedule"],
  prediction: ["objective", "parameterization", "prediction_type", "target"],
  process: ["path_type", "transport", "diffusion_type"],
  timestep_distribution: ["timestep_sampling", "t_distribution", "time_distribution", "weighting_scheme"],
  logit_mean: ["p_mean", "lognorm_mu"],
  logit_std: ["p_std", "lognorm_sigma"],
  min_snr_gamma: ["snr_gamma", "gamma"],
  guidance: ["cfg", "cfg_scale", "guidance_scale", "guidance_strength", "guidance_weight", "w"],
  guidance_interval: ["cfg_interval", "interval", "guidance_range"],
  steps: ["iterations", "num_steps", "max_steps", "train_steps", "n_steps", "total_steps"],
  batch_size: ["batch", "bs", "train_batch_size"],
  micro_batch_size: ["micro_batch", "microbatch", "per_device_batch_size"],
  lr: ["learning_rate", "base_lr"],
  lr_schedule: ["scheduler", "lr_scheduler"],
  warmup_steps: ["warmup", "warm_up", "lr_warmup", "num_warmup_steps"],
  betas: ["adam_betas"],
  weight_decay: ["wd"],
  clip_grad: ["grad_clip", "gradient_clip", "max_grad_norm", "clip_grad_norm", "clip"],
  ema_decay: ["ema", "ema_rate"],
  checkpoint_every: ["save_every", "save_interval", "checkpoint_interval"],
  log_every: ["log_interval"],
  sample_every: ["sample_interval"],
  from: ["checkpoint", "init_from", "pretrained", "resume", "resume_from"],
  base: ["experiment", "config", "template"],
  axes: ["axis", "grid", "sweep", "search_space", "parameters", "params", "vary"],
  seeds: ["repeats", "repetitions", "num_seeds", "n_seeds", "trials"],
  metric: ["objective", "score", "metrics"],
  seconds: ["time", "wall_clock", "duration"],
  samples: ["num_samples", "n_samples"],
  space: ["features", "feature_space"],
  threads: ["num_threads", "workers", "num_workers"],
  backend: ["device"],
};

/** The candidate meant by `name`: the same but for case and dashes, another project's name for it, or a slip or two away. */
export function nearestName(name: string, candidates: readonly string[]): string | null {
  const plain = normalise(name);
  const same = candidates.find((candidate) => normalised(candidate) === plain);
  if (same !== undefined) return same;
  const synonym = candidates.find((candidate) => normalisedSynonyms(candidate).has(plain));
  if (synonym !== undefined) return synonym;
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const allowed = candidate.length < 2 ? 0 : candidate.length <= 4 ? 1 : candidate.length <= 8 ? 2 : 3;
    const distance = editDistance(plain, normalised(candidate), allowed);
    // Of two letters one must be right: lrr for lr, but not eta for lr.
    if (allowed === 1 && plain[0] !== candidate[0]) continue;
    if (distance <= allowed && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function normalise(name: string): string {
  return name.toLowerCase().replaceAll(/[-_\s]/g, "");
}

/** Known names are few and asked for again and again. */
const KNOWN = new Map<string, string>();
const KNOWN_SYNONYMS = new Map<string, ReadonlySet<string>>();

function normalised(candidate: string): string {
  const known = KNOWN.get(candidate) ?? normalise(candidate);
  KNOWN.set(candidate, known);
  return known;
}

function normalisedSynonyms(candidate: string): ReadonlySet<string> {
  const known = KNOWN_SYNONYMS.get(candidate) ?? new Set(SYNONYMS[candidate]?.map(normalise));
  KNOWN_SYNONYMS.set(candidate, known);
  return known;
}

/** Insertions, deletions, substitutions and swaps of neighbours between two texts; anything above `limit` counts as more. */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
