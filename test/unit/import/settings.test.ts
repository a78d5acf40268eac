/** Configurations of the published code: every setting becomes a key or is named. */
import { describe, expect, it } from "vitest";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import { experimentOfImport } from "../../../src/core/import/experimentOfImport.ts";
import { readPublishedConfig } from "../../../src/core/import/publishedConfig.ts";
import { PUBLISHED_SETTINGS } from "../../../src/core/import/publishedSettings.ts";
import { takeSettings } from "../../../src/core/import/takeSettings.ts";
import { lintExperiment } from "../../../src/core/lint/lint.ts";
import { MASKED, PUBLISHED_KEYS, WHOLE } from "./publishedConfigs.ts";

const take = (text: string) => {
  const reading = readPublishedConfig(text);
  if (!reading.ok) throw new Error(JSON.stringify(reading.diagnostics));
  return takeSettings(reading.settings);
};

const imported = (...texts: readonly string[]) =>
  experimentOfImport({
    configs: texts.map((text, i) => ({ source: `${i}.yml`, ...take(text) })),
    weights: null,
    data: null,
    set: [],
  });

/** The settings with one of them changed, taken. */
const withSetting = (name: string, value: unknown, more: Readonly<Record<string, unknown>> = {}) =>
  takeSettings(new Map(Object.entries({ ...PUBLISHED_KEYS, ...more, [name]: value })));

describe("every setting of the published code", () => {
  const taken = takeSettings(new Map(Object.entries(PUBLISHED_KEYS)));
  const named = [...taken.lacking.map(([setting]) => setting), ...taken.same, ...taken.unread];
  const sources = [...taken.keys.values()].map(({ from }) => from);

  it.each(Object.keys(PUBLISHED_KEYS))("%s is a key here, or is named", (name) => {
    const isKey = sources.some((from) => from === name || from.startsWith(`${name};`));
    const isNamed = named.some((setting) => setting.startsWith(`${name}: `));
    expect([isKey, isNamed].filter(Boolean).length).toBeGreaterThan(0);
    expect(PUBLISHED_SETTINGS).toHaveProperty([name]);
  });

  it.each(Object.keys(PUBLISHED_SETTINGS))("%s with a value that nothing takes is named", (name) => {
    const strange = withSetting(name, { odd: ["value"] });
    const where = [...strange.lacking.map(([setting]) => setting), ...strange.same, ...strange.unread];
    const from = [...strange.keys.values()].map((key) => key.from);
    expect([...where, ...from].some((text) => text.startsWith(name))).toBe(true);
    for (const { value } of strange.keys.values()) expect(JSON.stringify(value)).not.toContain("odd");
  });

  it("a setting that the code does not have is named, too", () => {
    expect(withSetting("lrr", 3).lacking).toContainEqual(["lrr: 3", "it is no setting of the published code"]);
  });
});

describe("what settings become", () => {
  const key = (path: string, name: string, value: unknown, more = {}) =>
    withSetting(name, value, more).keys.get(path)?.value;
  it.each([
    ["pretrain.lr", "lr", 1e-5, 1e-5],
    ["pretrain.betas", "adam_betas", [0.9, 0.99], [0.9, 0.99]],
    ["pretrain.clip_grad", "clip_grad", null, null],
    ["pretrain.steps", "train_steps", 77, 77],
    ["diffusion.schedule", "beta_schedule", "cosine", "cosine"],
    ["mask.strategy", "dataset.MASK_TYPE", "crop", "crop"],
    ["mask.rate", "dataset.MASK_RATIO", 0.9, 0.9],
    ["mask.block_size", "dataset.MASK_BLOCK_SIZE", 8, 8],
    ["data.hflip", "dataset.hflip_prob", 0.25, 0.25],
    ["data.labels", "dataset.TASK", "cond", "folders"],
    ["data.path", "dataset.PATH", "/faces", "/faces"],
    ["data.image_size", "network.img_size", 64, 64],
    ["model.embed_dim", "network.encoder_embed_dim", 512, 512],
    ["model.depth", "network.encoder_depth", 13, 13],
    ["model.num_heads", "network.encoder_heads", 8, 8],
    ["model.qkv_bias", "network.qkv_bias", true, true],
    ["model.time_embedding", "network.mlp_time_embed", true, "mlp"],
    ["model.num_classes", "network.num_classes", 10, 10],
    ["model.class_dropout", "network.num_classes", 10, 0],
    ["sample.clip", "clip_denoised", false, false],
    ["sample.eta", "ddim_sampling_eta", 0, 0],
  ])("%s from %s: %j", (path, name, value, expected) => expect(key(path, name, value)).toEqual(expected));

  it("a window belongs to crops alone, and blocks of -1 are none", () => {
    expect(key("mask.crop_size", "dataset.MASK_CROP_SIZE", 15)).toBe(undefined);
    expect(key("mask.crop_size", "dataset.MASK_CROP_SIZE", 15, { "dataset.MASK_TYPE": "crop" })).toBe(15);
    expect(key("mask.block_size", "dataset.MASK_BLOCK_SIZE", -1)).toBe(undefined);
  });

  it("an average updated at every tenth step has the tenth root of its decay", () => {
    expect(key("pretrain.ema_decay", "ema_update_every", 10)).toBeCloseTo(0.9999, 6);
  });

  it.each([
    ["loss_type", "l1", /l1 is not here/],
    ["shift", true, /shifted cosine/],
    ["clip_max", 2, /from -1 to 1/],
    ["dataset.NORMALIZATION", false, /from -1 to 1/],
    ["dataset.SHORT_SIDE_SIZE", 300, /no larger size/],
    ["dataset.USE_DWT", true, /wavelets/],
    ["network.decoder_depth", 2, /no decoder/],
    ["network.dropout", 0.1, /no dropout/],
    ["gradient_accumulate_every", 4, /4 batches of 64/],
    ["pretrained_model_ckpt", "a/model-20.pt", /finetune\.from/],
    ["lr", "2e-4", /pretrain\.lr does not take that/],
    ["dataset.MASK_TYPE", "random", /mask\.strategy does not take that/],
  ])("%s: %j is named with its reason", (name, value, why) => {
    expect(withSetting(name, value).lacking.find(([setting]) => setting.startsWith(`${name}: `))?.[1]).toMatch(why);
  });

  it("what is left out there has the default there, not the one here", () => {
    const { keys, stage } = takeSettings(new Map<string, unknown>([["lr", 1e-4]]));
    expect(stage).toBe("pretrain");
    expect(keys.get("model.embed_dim")).toEqual({
      value: 768,
      from: "network.encoder_embed_dim, left out: its default there",
    });
    expect(keys.get("pretrain.clip_grad")?.value).toBe(1);
  });
});

describe("the experiment file", () => {
  it("of a masked stage: keys, sources, and what has no key", () => {
    const { text, experiment, stage } = imported(MASKED);
    expect(stage).toBe("pretrain");
    expect(experiment.data).toMatchObject({ path: "./images", image_size: 256, channels: 3, hflip: 0 });
    expect(experiment.model).toMatchObject({
      patch_size: 4,
      embed_dim: 768,
      depth: 12,
      num_heads: 12,
      qkv_bias: false,
    });
    expect(experiment.mask).toMatchObject({ strategy: "block", rate: 0.5, block_size: 4 });
    expect(experiment.pretrain).toMatchObject({ batch_size: 64, warmup_steps: 5000, clip_grad: 1, lr: 2e-4 });
    expect(text).toContain("  rate: 0.5 # dataset.MASK_RATIO");
    expect(text).toContain("#   num_workers: 3: images are decoded once");
    expect(text.split("\n").every((line) => line.length <= 240)).toBe(true);
    expect(parseExperiment(text).ok).toBe(true);
    expect(lintExperiment(text).filter(({ severity }) => severity === "error")).toEqual([]);
  });

  it("of finetuning alone: its stage has the settings, and no mask is written", () => {
    const { text, experiment, stage } = imported(WHOLE);
    expect(stage).toBe("finetune");
    expect(experiment.finetune).toMatchObject({ batch_size: 32, lr: 1e-5 });
    expect(text).not.toMatch(/^(mask|pretrain):/m);
  });

  it("of both stages", () => {
    const { experiment, stage, notes } = imported(MASKED, WHOLE.replace("hflip_prob: 0.0", "hflip_prob: 0.5"));
    expect(stage).toBe("finetune");
    expect(experiment.pretrain).toMatchObject({ batch_size: 64, lr: 2e-4 });
    expect(experiment.finetune).toMatchObject({ batch_size: 32, lr: 1e-5 });
    expect(notes).toEqual([expect.stringMatching(/^data\.hflip is 0 in 0\.yml and 0\.5 in 1\.yml/)]);
  });

  it.each([
    ["two of one stage", MASKED, MASKED, /0\.yml and 1\.yml are both of pretraining/],
    [
      "another network",
      MASKED,
      WHOLE.replace("encoder_depth : 12", "encoder_depth : 16"),
      /model\.depth is 12 in 0\.yml and 16/,
    ],
    ["another schedule", MASKED, WHOLE.replace('"cosine"', '"linear"'), /diffusion\.schedule is cosine/],
  ])("files that are not of one experiment are refused: %s", (_, first, second, why) => {
    expect(() => imported(first, second)).toThrow(why);
  });

  it("a third file is of a stage that is there already", () => {
    expect(() => imported(MASKED, WHOLE, MASKED)).toThrow(/0\.yml and 2\.yml are both of pretraining/);
  });

  it("values of a hostile file stay in their comments", () => {
    const { text } = imported(MASKED.replace("num_workers: 3", 'num_workers: "3\\n\\ndata:\\n  path: /etc"'));
    expect(parseExperiment(text)).toMatchObject({ ok: true, experiment: { data: { path: "./images" } } });
  });
});
