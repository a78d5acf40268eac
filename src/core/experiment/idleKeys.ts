/** Keys that are read with one value of another key only. */
import type { Experiment } from "./schema.ts";
import { valueAt } from "./valueAt.ts";

interface Reader {
  /** dotted key that decides, of the same section */
  readonly key: string;
  /** its value with which the key is read */
  readonly value: string;
}

const LOGIT_NORMAL: Reader = { key: "diffusion.timestep_distribution", value: "logit_normal" };
const ON_RAY: Reader = { key: "compute.target", value: "ray" };

/** By the key's dotted name. */
export const READ_WITH: Readonly<Record<string, Reader>> = {
  "diffusion.schedule": { key: "diffusion.process", value: "ddpm" },
  "diffusion.logit_mean": LOGIT_NORMAL,
  "diffusion.logit_std": LOGIT_NORMAL,
  "diffusion.min_snr_gamma": { key: "diffusion.loss_weighting", value: "min_snr" },
  "sample.eta": { key: "sample.sampler", value: "ddim" },
  "compute.address": ON_RAY,
  "compute.cpus_per_worker": ON_RAY,
  "compute.gpus_per_worker": ON_RAY,
  "compute.command": { key: "compute.target", value: "command" },
};

/**
 * Whether nothing reads a key, so that its value does not matter.
 * @param path dotted
 * @param experiment with the section of the key
 */
export function isIdle(path: string, experiment: Partial<Experiment>): boolean {
  const reader = READ_WITH[path];
  return reader !== undefined && valueAt(experiment, reader.key) !== reader.value;
}
