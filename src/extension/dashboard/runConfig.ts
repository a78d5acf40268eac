/** A run's experiment as flat keys and values. */
import { parseExperiment } from "../../core/experiment/parse.ts";
import { experimentSchema } from "../../core/experiment/schema.ts";
import type { RunEntry } from "../../core/run/entry.ts";
import { type FlatConfig, flatConfig } from "../../core/series/flatConfig.ts";
import { readExperimentText } from "../../node/run/runFiles.ts";

/** The run's frozen experiment, defaults filled in; null: it cannot be read. */
export function readConfig(runDir: string): FlatConfig | null {
  try {
    const parsed = parseExperiment(readExperimentText(runDir));
    return parsed.ok ? flatConfig(parsed.experiment) : null;
  } catch {
    return null; // shown as a run without a config
  }
}

/** By the record that names its hash: it is replaced when the run changes. */
const configs = new WeakMap<object, FlatConfig | null>();

/** The same of a run that is listed, read once. */
export function configOf({ dir, record }: Pick<RunEntry, "dir" | "record">): FlatConfig | null {
  if (record === null) return readConfig(dir);
  let config = configs.get(record);
  if (config === undefined) {
    config = readConfig(dir);
    configs.set(record, config);
  }
  return config;
}

/** Every key's default. */
export const defaultConfig = (): FlatConfig => {
  const { "data.path": _, ...defaults } = flatConfig(experimentSchema.parse({ data: { path: "." } }));
  return defaults;
};
