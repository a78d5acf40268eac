/** The experiment that imported files come to: what configurations say, what weights say, and what neither does. */
import { UserError } from "../errors.ts";
import { type Override, overriddenKey, overrideValue } from "../experiment/overrides.ts";
import { parseExperiment } from "../experiment/parse.ts";
import type { Experiment } from "../experiment/schema.ts";
import { yamlText } from "../experiment/yamlText.ts";
import type { Stage } from "../random/streams.ts";
import { type ImportedModel, usualHeads } from "./importedModel.ts";
import { importedText, type Remark } from "./importedText.ts";
import type { Layout } from "./layout.ts";
import type { ImportedKey, TakenSettings } from "./takeSettings.ts";

/** A configuration file. */
export interface TakenConfig extends TakenSettings {
  /** the file, as the user knows it */
  readonly source: string;
}

/** Files of weights. */
export interface TakenWeights {
  readonly sources: readonly string[];
  readonly layout: Layout["name"];
  readonly model: ImportedModel;
  /** what the weights' own noise schedule is; null: they do not say */
  readonly diffusion: Pick<Experiment["diffusion"], "timesteps" | "schedule"> | null;
  /** of which weights there were, and what was left behind */
  readonly notes: readonly string[];
}

export interface ImportParts {
  readonly configs: readonly TakenConfig[];
  readonly weights: TakenWeights | null;
  /** folder of images; null: what the files say */
  readonly data: string | null;
  readonly set: readonly Override[];
}

export interface ImportedExperiment {
  readonly text: string;
  readonly experiment: Experiment;
  /** what the files say of the stage; null: nothing */
  readonly stage: Stage | null;
  /** for people, beside what the text says itself */
  readonly notes: readonly string[];
}

type Keys = Map<string, ImportedKey>;

/** Keys that say what weights mean: where two files differ in them, they are not of one experiment. */
const OF_NETWORK = /^(model\.(?!class_dropout)|data\.(image_size|channels)$|diffusion\.)/;

/** @throws UserError where the files contradict each other, or an override names no key */
export function experimentOfImport({ configs, weights, data, set }: ImportParts): ImportedExperiment {
  const notes: string[] = [];
  const keys = joined(configs, notes);
  if (data !== null) keys.set("data.path", { value: data, from: "" });
  // What the user says is nothing to be guessed, and counts whatever files say.
  for (const override of set) keys.set(override.path, askedKey(override));
  if (weights !== null) addWeights(keys, weights, notes);
  if (!keys.has("data.path"))
    keys.set("data.path", { value: "./images", from: "put the images into this folder, or name theirs" });
  const text = importedText(remarks(configs, weights), keys);
  const parsed = parseExperiment(text);
  if (!parsed.ok)
    throw new UserError(`The files do not come to an experiment: ${parsed.diagnostics[0]?.message ?? ""}`);
  const stages = new Set(configs.map(({ stage }) => stage));
  // With both, the weights are those of the last one.
  const stage = stages.has("finetune") ? "finetune" : stages.has("pretrain") ? "pretrain" : null;
  return { text, experiment: parsed.experiment, stage, notes };
}

const ASKED = "--set";

const askedKey = (override: Override): ImportedKey => ({
  value: overrideValue(override, overriddenKey(override)),
  from: ASKED,
});

/** Keys of all configurations; the first file counts where others differ. */
function joined(configs: readonly TakenConfig[], notes: string[]): Keys {
  for (const [i, second] of configs.entries()) {
    const first = configs.slice(0, i).find(({ stage }) => stage === second.stage);
    if (first === undefined) continue;
    throw new UserError(
      `${first.source} and ${second.source} are both of ${first.stage === "pretrain" ? "pretraining (MASK_RATIO above 0)" : "finetuning (MASK_RATIO 0)"}. ` +
        "An experiment has one of each: import them one by one.",
    );
  }
  const keys: Keys = new Map();
  for (const { source, keys: own } of configs) {
    for (const [path, key] of own) {
      const known = keys.get(path);
      if (known === undefined) keys.set(path, configs.length > 1 ? { ...key, from: `${key.from} (${source})` } : key);
      else if (yamlText(known.value) !== yamlText(key.value)) {
        const differing = `${path} is ${yamlText(known.value)} in ${configs[0]!.source} and ${yamlText(key.value)} in ${source}`;
        if (OF_NETWORK.test(path))
          throw new UserError(`${differing}: they are not of one experiment. Import them one by one.`);
        notes.push(`${differing}: the former is taken, an experiment has one for both stages`);
      }
    }
  }
  return keys;
}

/** What weights say counts more than what a file beside them does, and less than what the user does. */
function addWeights(keys: Keys, { model, diffusion, layout }: TakenWeights, notes: string[]): void {
  const say = (path: string, value: unknown, from = "the weights"): void => {
    const known = keys.get(path);
    const own = { value, from };
    if (known === undefined) return void keys.set(path, own);
    if (yamlText(known.value) === yamlText(value)) return;
    const [taken, left] = known.from === ASKED ? [known, own] : [own, known];
    keys.set(path, taken);
    notes.push(`${path} is ${yamlText(taken.value)} by ${taken.from}, not ${yamlText(left.value)} (${left.from})`);
  };
  for (const [name, value] of Object.entries(model.data)) say(`data.${name}`, value);
  for (const [name, value] of Object.entries(model.model)) {
    // A depth that is even builds the same network as the next one; of dropped labels weights tell nothing.
    const known = keys.get(`model.${name}`)?.value;
    const isSame =
      name === "depth" &&
      model.model.backbone === "uvit" &&
      typeof known === "number" &&
      2 * Math.floor(known / 2) + 1 === value;
    if (!isSame && !(name === "class_dropout" && known !== undefined)) say(`model.${name}`, value);
  }
  if ((model.model.num_classes ?? 0) > 0 && !keys.has("data.labels"))
    keys.set("data.labels", { value: "folders", from: "the network has classes" });
  if (!keys.has("model.num_heads")) {
    const from =
      "not told by the weights: as many as published networks of this width have; with other heads they draw nothing";
    keys.set("model.num_heads", { value: usualHeads(model.model.embed_dim), from });
    notes.push(
      `model.num_heads is ${usualHeads(model.model.embed_dim)}, as in published networks of this width; weights do not tell. If it is another: --set model.num_heads=N`,
    );
  }
  if (diffusion !== null) {
    say("diffusion.timesteps", diffusion.timesteps, "the weights' own β");
    say("diffusion.schedule", diffusion.schedule, "the weights' own β");
  } else if (!keys.has("diffusion.schedule")) {
    const isPublished = layout !== "maskdm";
    keys.set("diffusion.schedule", {
      value: isPublished ? "linear" : "cosine",
      from: isPublished ? "as published" : "not told by the weights",
    });
    if (!isPublished)
      notes.push(
        "diffusion.schedule is cosine; weights without their buffers do not tell. If it is the other: --set diffusion.schedule=linear",
      );
  }
}

function remarks(configs: readonly TakenConfig[], weights: TakenWeights | null): Remark[] {
  const sources = [...configs.map(({ source }) => source), ...(weights?.sources ?? [])];
  const listed = (pick: (config: TakenConfig) => readonly string[]): string[] => {
    const all = [...new Set(configs.flatMap(pick))];
    return all.length === 0 ? [] : [all.join(", ")];
  };
  const stages = new Set(configs.map(({ stage }) => stage));
  const open = [
    ...(stages.has("pretrain") || stages.size === 0 ? [] : ["mask and pretrain: no file of pretraining was imported"]),
    ...(stages.has("finetune") || stages.size === 0 ? [] : ["finetune: no file of finetuning was imported"]),
    ...(stages.size === 0 ? ["mask, pretrain and finetune: weights do not tell how they were trained"] : []),
    ...configs.flatMap(({ stage, keys }) =>
      keys.has(`${stage}.steps`)
        ? []
        : [`${stage}.steps: the published code takes them from its command line (--train_steps)`],
    ),
    "diffusion.prediction: the published networks predict the noise (epsilon)",
  ];
  return [
    {
      title: `Imported by "maskdm import" from ${sources.join(", ")}. Behind a key stands the setting it is from.`,
      lines: null,
    },
    {
      title: "Settings without a counterpart here, and why:",
      lines: configs.flatMap(({ lacking }) => lacking.map(([setting, why]) => `${setting}: ${why}`)),
    },
    { title: "Settings that need no key, because it is always so here:", lines: listed(({ same }) => same) },
    { title: "Settings that the published code does not read:", lines: listed(({ unread }) => unread) },
    { title: "The weights:", lines: weights === null ? [] : [...weights.notes, ...weights.model.notes] },
    { title: "Defaults, as the files do not say it:", lines: open },
  ];
}
