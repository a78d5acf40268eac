/** Keys of the section diffusion that are read with one value of another one only. */
import type { DiffusionConfig } from "./schema.ts";

interface Reader {
  /** key of the section that decides */
  readonly key: keyof DiffusionConfig;
  /** its value with which the key is read */
  readonly value: DiffusionConfig[keyof DiffusionConfig];
}

/** By the key's dotted name. */
export const READ_WITH: Readonly<Record<string, Reader>> = {
  "diffusion.schedule": { key: "process", value: "ddpm" },
  "diffusion.logit_mean": { key: "timestep_distribution", value: "logit_normal" },
  "diffusion.logit_std": { key: "timestep_distribution", value: "logit_normal" },
  "diffusion.min_snr_gamma": { key: "loss_weighting", value: "min_snr" },
};

/** Whether nothing reads a key, so that its value does not matter. @param path dotted key of the experiment */
export function isIdle(path: string, diffusion: DiffusionConfig): boolean {
  const reader = READ_WITH[path];
  return reader !== undefined && diffusion[reader.key] !== reader.value;
}
