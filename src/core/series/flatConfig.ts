/** Experiments as flat lists of keys and values, for comparing runs. */
import type { Experiment } from "../experiment/schema.ts";
import { yamlText } from "../experiment/yamlText.ts";
import type { Stage } from "../random/streams.ts";

/** Values as text by dotted key, e.g. "mask.rate": "0.75"; defaults are filled in. */
export type FlatConfig = Readonly<Record<string, string>>;

export function flatConfig(experiment: Experiment): FlatConfig {
  const flat: Record<string, string> = {};
  for (const [section, value] of Object.entries(experiment)) {
    if (typeof value !== "object") flat[section] = valueText(value);
    else for (const [name, entry] of Object.entries(value)) flat[`${section}.${name}`] = valueText(entry);
  }
  return flat;
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(", ")}]`;
  return typeof value === "string" ? value : yamlText(value);
}

/** A run's part in a comparison. */
export interface ComparedRun {
  readonly id: string;
  /** the name a user gave it; null: none */
  readonly name: string | null;
  /** null: unknown */
  readonly stage: Stage | null;
  /** null: its experiment cannot be read */
  readonly config: FlatConfig | null;
}

/** Keys whose values are not the same in all configs, in the order of the file; a missing value differs from any. */
export function differingKeys(configs: readonly FlatConfig[]): string[] {
  const keys = new Set(configs.flatMap((config) => Object.keys(config)));
  return [...keys].filter((key) => configs.some((config) => config[key] !== configs[0]![key]));
}

const OTHER_STAGE: Readonly<Record<Stage, string>> = { pretrain: "finetune.", finetune: "pretrain." };

/** Keys that change what a machine does, and not what is learned: they name a run only where nothing else does. */
const MINOR =
  /^(engine\.|sample\.|data\.max_broken)|\.(checkpoint_every|keep_checkpoints|keep_every|sample_every|held_out_every|evaluate_every|evaluate_samples|log_every|micro_batch_size)$/;

/** A label of more keys would be a list. */
const MOST_KEYS = 3;

/**
 * For each run what sets its config apart from the others' of the same experiment, such as "mask.rate 0.5 · seed 3".
 * @returns null: nothing does, or its config is not known
 */
export function runDifferences(runs: readonly ComparedRun[]): (string | null)[] {
  const known = runs.map(ownConfigOf);
  const keys = tellingKeys(known).filter((key) => key !== "stage");
  return known.map((config) => (config === null || keys.length === 0 ? null : partsText(keys, config)));
}

/** For each run a short label: the name its user gave it, else what sets its config apart from the others', else its id. No two are equal. */
export function runLabels(runs: readonly ComparedRun[]): string[] {
  const known = runs.map(ownConfigOf);
  const keys = tellingKeys(known).slice(0, MOST_KEYS);
  const labels = runs.map((run, i) => {
    const config = known[i]!;
    if (run.name !== null) return run.name;
    if (config === null || keys.length === 0 || runs.length === 1) return shortId(run.id);
    return partsText(keys, config);
  });
  const once = (label: string): boolean => labels.filter((other) => other === label).length === 1;
  const distinct = labels.map((label, i) => (once(label) ? label : withId(label, runs[i]!.id)));
  const unique = (label: string): boolean => distinct.filter((other) => other === label).length === 1;
  return distinct.map((label, i) => (unique(label) ? label : withId(label, runs[i]!.id, false)));
}

/** Keys that tell configs apart: those that change what is learned, else all that differ. Where only the stages differ in a key, they say so. */
function tellingKeys(configs: readonly (FlatConfig | null)[]): string[] {
  const known = configs.filter((config) => config !== null);
  const stages = [...new Set(known.map(({ stage }) => stage))];
  const within = new Set(stages.flatMap((own) => differingKeys(known.filter(({ stage }) => stage === own))));
  const all = differingKeys(known);
  const differing = all.filter((key) => key === "stage" || within.has(key) || !all.includes("stage"));
  const major = differing.filter((key) => !MINOR.test(key));
  return major.length > 0 ? major : differing;
}

const partsText = (keys: readonly string[], config: FlatConfig): string =>
  keys.flatMap((key) => labelPart(key, config)).join(" · ");

const ownConfigOf = ({ config, stage }: ComparedRun): FlatConfig | null =>
  config === null ? null : ownConfig(config, stage);

/** Without the other stage's section; the stage itself as a key, so that a pretrain and its finetune are told apart by it first. */
function ownConfig(config: FlatConfig, stage: Stage | null): FlatConfig {
  if (stage === null) return config;
  const own = Object.entries(config)
    .filter(([key]) => !key.startsWith(OTHER_STAGE[stage]) && !(stage === "finetune" && key.startsWith("mask.")))
    .map(([key, value]) => [key.startsWith(`${stage}.`) ? `stage.${key.slice(stage.length + 1)}` : key, value]);
  return { stage, ...Object.fromEntries(own) };
}

/** A key of the other stage says nothing. */
function labelPart(key: string, config: FlatConfig): string | [] {
  const value = config[key];
  if (key === "stage") return value ?? "";
  if (value === undefined && config["stage"] === "finetune" && key.startsWith("mask.")) return [];
  const name = key.replace(/^stage\./, "");
  if (value === undefined) return `no ${name}`;
  // A folder's last name says enough beside the others'.
  return `${name} ${key === "data.path" ? (value.split(/[/\\]/).findLast((part) => part !== "") ?? value) : value}`;
}

/** "2026-11-23-emoji-pretrain-01" -> "emoji-pretrain-01" */
const shortId = (id: string): string => id.replace(/^\d{4}-\d{2}-\d{2}-/, "");

function withId(label: string, id: string, short = true): string {
  const name = short ? shortId(id) : id;
  return label === name ? id : `${label} · ${name}`;
}
