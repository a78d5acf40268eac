/** How configuration files of the method's published code are told from experiment files. */
import { isMapping } from "./yamlReader.ts";

/** Names beside `dataset` and `network` that no experiment file has at its top. */
const TOP = [
  "batch_size",
  "lr",
  "beta_schedule",
  "ema_decay",
  "adam_betas",
  "define",
  "results_folder",
  "pretrained_model_ckpt",
];

/** @param root of the file as plain values */
export function isPublishedConfig(root: unknown): boolean {
  if (!isMapping(root)) return false;
  return isMapping(root["dataset"]) && isMapping(root["network"]) && TOP.some((name) => name in root);
}
