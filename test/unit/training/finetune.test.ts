/** What finetuning starts from, and what it sees. */
import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { experimentSchema } from "../../../src/core/experiment/schema.ts";
import { parameterSpecs } from "../../../src/core/model/backbones.ts";
import { modelShape } from "../../../src/core/model/shape.ts";
import type { NamedTensor } from "../../../src/core/model/tensor.ts";
import { readSafetensors, writeSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { learning, newestCheckpoint, QUICK, recordOf, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
/** Too small to change a float32. */
const NO_LR = 1e-46;
const STEPS = 110;
/** One step that leaves the weights as they were loaded. */
const LOOK = { ...QUICK, steps: 1, lr: NO_LR, checkpoint_every: 1, log_every: 1 };
let model = "";
let ema = "";

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 24, size: 8 });
  await writeImages(shop.path("labelled"), { count: 12, size: 8, classes: ["a", "b"] });
  const stages = { pretrain: { ...QUICK, steps: STEPS, checkpoint_every: 55 }, finetune: LOOK };
  shop.experiment("tiny", tinyExperiment(stages));
  shop.experiment("from-file", tinyExperiment({ ...stages, finetune: { ...LOOK, from: "./runs/base" } }));
  // Long enough for the moving average to differ from the weights.
  await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "base");
  const { dir } = newestCheckpoint(shop.run("base"));
  [model, ema] = [join(dir, "model.safetensors"), join(dir, "ema.safetensors")];
  expect(distance(model, ema)).toBeGreaterThan(0);
  mkdirSync(shop.path("elsewhere"));
  copyFileSync(model, shop.path("elsewhere", "weights.safetensors"));
});

/** Largest difference between the tensors of two files of the same names and shapes. */
function distance(file: string, other: string): number {
  const [a, b] = [readSafetensors(file).tensors, readSafetensors(other).tensors];
  expect([...a.keys()]).toEqual([...b.keys()]);
  let largest = 0;
  for (const [name, { data }] of a) {
    data.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value - b.get(name)!.data[i]!));
    });
  }
  return largest;
}

const finalWeights = (id: string): string => join(newestCheckpoint(shop.run(id)).dir, "model.safetensors");

/** Whether nothing but the folder of the parent's runs is there. */
const runs = (): string[] => readdirSync(shop.path("runs"));

describe("finetune starts from", () => {
  const base = () => shop.run("base");
  const checkpoint = `step-${String(STEPS).padStart(8, "0")}`;
  const named = { run: "base", step: STEPS, weights: "raw" };

  it.each([
    ["a run's folder", "runs/base", [], "raw", named],
    ["a run's id", "base", [], "raw", named],
    ["a checkpoint's folder", `runs/base/checkpoints/${checkpoint}`, [], "raw", named],
    ["a file of weights in a run", `runs/base/checkpoints/${checkpoint}/model.safetensors`, [], "raw", named],
    [
      "a file of weights anywhere",
      "elsewhere/weights.safetensors",
      [],
      "raw",
      { run: null, step: null, weights: "raw" },
    ],
    ["averaged weights on request", "base", ["--set", "finetune.weights=ema"], "ema", { ...named, weights: "ema" }],
    [
      "averaged weights named outright",
      `runs/base/checkpoints/${checkpoint}/ema.safetensors`,
      [],
      "ema",
      { ...named, weights: "ema" },
    ],
  ] as const)("%s, says so and records it", async (what, from, args, weights, parent) => {
    const id = what.replace(/\W/g, "-");
    const { err } = await shop.succeed("finetune", "tiny.maskdm.yaml", "--from", from, ...args, "--run", id);
    const file = from.startsWith("elsewhere") ? shop.path(from) : weights === "ema" ? ema : model;
    expect(err).toContain(`starting from the ${weights} weights in ${file}`);
    expect(distance(finalWeights(id), file)).toBe(0);
    // Its own moving average starts from them as well.
    expect(distance(join(newestCheckpoint(shop.run(id)).dir, "ema.safetensors"), file)).toBe(0);
    expect(recordOf(shop.run(id))).toMatchObject({ stage: "finetune", parent: { ...parent, checkpoint: file } });
  });

  it("weights whose names carry another program's prefix, and says that it is left off", async () => {
    const prefixed = shop.path("elsewhere", "parallel.safetensors");
    const tensors = [...readSafetensors(model).tensors.values()];
    writeSafetensors(
      prefixed,
      tensors.map((tensor) => ({ ...tensor, name: `module.${tensor.name}` })),
      {},
    );
    const { err } = await shop.succeed("finetune", "tiny.maskdm.yaml", "--from", prefixed, "--run", "parallel");
    expect(err).toContain(`the names in ${prefixed} begin with "module.", which is left off\n`);
    expect(distance(finalWeights("parallel"), model)).toBe(0);
  });

  it("weights without an output convolution where it has one, which begins at zero; the reverse is refused", async () => {
    const args = ["--from", "base", "--set", "model.output_conv=residual"];
    const { err } = await shop.succeed("finetune", "tiny.maskdm.yaml", ...args, "--run", "joined");
    expect(err).toContain(`${model} has no output convolution, so it begins at zero`);
    const [joined, before] = [finalWeights("joined"), model].map((file) => readSafetensors(file).tensors);
    for (const [name, { data }] of joined!)
      expect(data, name).toEqual(before!.get(name)?.data ?? new Float32Array(data.length));
    expect(joined!.size).toBe(before!.size + 2);

    const back = await shop.maskdm("finetune", "tiny.maskdm.yaml", "--from", "joined");
    expect(back.exitCode).toBe(2);
    expect(back.err).toMatch(/MDM802 model.output_conv is none, but joined was trained with residual/);
    copyFileSync(finalWeights("joined"), shop.path("joined.safetensors"));
    const alone = await shop.maskdm("finetune", "tiny.maskdm.yaml", "--from", "joined.safetensors");
    expect(alone.exitCode).toBe(2);
    expect(alone.err).toContain("  output_conv.weight: not a tensor of this model\n");
  });

  it("an earlier checkpoint of a run", async () => {
    const dir = join(base(), "checkpoints", "step-00000055");
    await shop.succeed("finetune", "tiny.maskdm.yaml", "--from", dir, "--run", "earlier");
    expect(distance(finalWeights("earlier"), join(dir, "model.safetensors"))).toBe(0);
    expect(distance(finalWeights("earlier"), model)).toBeGreaterThan(0);
    expect(recordOf(shop.run("earlier")).parent).toMatchObject({ run: "base", step: 55 });
  });

  it("what the file names", async () => {
    await shop.succeed("finetune", "from-file.maskdm.yaml", "--run", "by-file");
    expect(distance(finalWeights("by-file"), model)).toBe(0);
    expect(recordOf(shop.run("by-file")).parent).toMatchObject({ run: "base", step: STEPS });
  });

  it("new weights when asked to: those that pretraining begins with", async () => {
    const fresh = { ...tinyExperiment(), pretrain: LOOK, finetune: LOOK };
    shop.experiment("fresh", fresh);
    await Promise.all([
      shop.succeed("finetune", "fresh.maskdm.yaml", "--from-scratch", "--run", "scratch"),
      shop.succeed("pretrain", "fresh.maskdm.yaml", "--run", "new"),
    ]);
    expect(distance(finalWeights("scratch"), finalWeights("new"))).toBe(0);
    expect(distance(finalWeights("scratch"), model)).toBeGreaterThan(0);
    expect(recordOf(shop.run("scratch")).parent).toBe(null);
  });
});

describe("finetune refuses", () => {
  it.each([
    ["nothing named", [], /names no checkpoint to finetune from.*--from runs\/RUN.*--from-scratch/],
    ["two things at once", ["--from", "base", "--from-scratch"], /--from and --from-scratch exclude each other/],
    ["a run that is not there", ["--from", "bas"], /"bas" is neither a path nor the id of a run.*base/],
    ["a file that holds no weights", ["--from", "tiny.maskdm.yaml"], /is not a safetensors file/],
    [
      "averaged weights where there are none",
      ["--from", "elsewhere/weights.safetensors", "--set", "finetune.weights=ema"],
      /no averaged weights beside it/,
    ],
    [
      "weights of other heads",
      ["--from", "base", "--set", "model.num_heads=4"],
      /MDM802 model.num_heads is 4, but base was trained with 2/,
    ],
    [
      "weights of another normalisation",
      ["--from", "base", "--set", "model.norm=rms"],
      /MDM802 model.norm is rms, but base was trained with layer: the weights were trained with the other normalisation/,
    ],
    [
      "weights of other layers",
      ["--from", "base", "--set", "model.mlp=swiglu", "--set", "model.qk_norm=rms"],
      /MDM802 model.mlp is swiglu, but base was trained with gelu.*\n.*MDM802 model.qk_norm is rms, but base was trained with none/,
    ],
    [
      "weights of other positions",
      ["--from", "base", "--set", "model.positions=sincos"],
      /MDM802 model.positions is sincos, but base was trained with learned: the weights were trained with other positions/,
    ],
    [
      "weights of another width",
      ["--from", "base", "--set", "model.embed_dim=24"],
      /MDM802 model.embed_dim is 24, but base was trained with 16/,
    ],
  ] as const)("%s", async (_, args, message) => {
    const before = runs();
    const { exitCode, out, err } = await shop.maskdm("finetune", "tiny.maskdm.yaml", ...args);
    expect({ exitCode, out }, err).toEqual({ exitCode: 2, out: "" });
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n {4}at /);
    expect(runs()).toEqual(before);
  });

  it("a file of another network's weights, with a short list of what does not fit", async () => {
    const before = runs();
    const other = tinyExperiment({
      data: { path: "labelled", image_size: 8, channels: 1, labels: "folders" },
      model: { patch_size: 4, embed_dim: 24, depth: 5, num_heads: 2, num_classes: 2 },
      finetune: LOOK,
    });
    shop.experiment("other", other);
    // Of a file beside its run it would be known what it was trained with.
    copyFileSync(model, shop.path("alone.safetensors"));
    const args = ["other.maskdm.yaml", "--from", "alone.safetensors", "--run", "misfit"];
    const { exitCode, err } = await shop.maskdm("finetune", ...args);
    expect(exitCode).toBe(2);
    const needed = parameterSpecs(modelShape(experimentSchema.parse(other)));
    const there: Map<string, NamedTensor> = readSafetensors(model).tensors;
    const text = (shape: readonly number[]) => `[${shape.join(", ")}]`;
    const wrong = needed.filter(({ name, shape }) => text(there.get(name)?.shape ?? []) !== text(shape));
    const missing = wrong.filter(({ name }) => !there.has(name));
    expect(missing.map(({ name }) => name)).toContain("encoder.label_emb.weight");
    for (const { name, shape } of wrong.slice(0, 10)) {
      const found = there.get(name);
      const is = found === undefined ? "missing" : `${text(found.shape)} there`;
      expect(err).toContain(`  ${name}: ${is}, ${text(shape)} is needed\n`);
    }
    expect(err.match(/ is needed$/gm)).toHaveLength(10);
    expect(err).toContain(`\n  and ${wrong.length - 10} more\n`);
    expect(runs()).toEqual(before);
    expect(existsSync(shop.run("misfit"))).toBe(false);
  });

  it("nothing where only the noise schedule differs, but says what that means", async () => {
    const args = ["--from", "base", "--set", "diffusion.schedule=linear", "--run", "linear"];
    const { err } = await shop.succeed("finetune", "tiny.maskdm.yaml", ...args);
    expect(err).toContain("warning MDM803 diffusion.schedule is linear, but base was trained with cosine");
  });
});

describe("what a stage sees", () => {
  // Without weight decay, a row of the position embedding that no gradient reaches stays exactly as it was.
  const seen = async (command: string, id: string, ...args: string[]): Promise<number> => {
    const settings = ["batch_size=1", "weight_decay=0", "steps=1", "checkpoint_every=1", "lr=0.001"];
    const set = settings.flatMap((setting) => ["--set", `${command}.${setting}`]);
    await shop.succeed(command, "tiny.maskdm.yaml", ...args, ...set, "--run", id);
    await shop.succeed(
      command,
      "tiny.maskdm.yaml",
      ...args,
      ...set,
      "--set",
      `${command}.lr=${NO_LR}`,
      "--run",
      `${id}0`,
    );
    const [after, before] = [finalWeights(id), finalWeights(`${id}0`)].map(
      (file) => readSafetensors(file).tensors.get("encoder.encoder_pos_embed")!,
    );
    const [, rows = 0, width = 0] = before!.shape;
    return Array.from({ length: rows }, (_, row) =>
      before!.data.subarray(row * width, (row + 1) * width).some((value, i) => value !== after!.data[row * width + i]),
    ).filter(Boolean).length;
  };

  it("finetuning: every token; pretraining: the visible ones", async () => {
    // 16 tokens of 2 x 2 pixels and the time token.
    expect(await seen("finetune", "whole", "--from-scratch")).toBe(17);
    expect(await seen("pretrain", "masked")).toBe(9);
    expect(await seen("pretrain", "cropped", "--set", "mask.strategy=crop", "--set", "mask.crop_size=2")).toBe(5);
  });

  it("finetuning learns on whole images from where pretraining ended", async () => {
    const set = ["--set", "finetune.lr=0.002", "--steps", "20"];
    await Promise.all([
      shop.succeed("finetune", "tiny.maskdm.yaml", "--from", "base", ...set, "--run", "learned"),
      shop.succeed("finetune", "tiny.maskdm.yaml", "--from-scratch", ...set, "--run", "baseline"),
    ]);
    const first = (id: string) => learning(shop.run(id))[0]!.loss!;
    expect(first("learned")).toBeLessThan(0.9 * first("baseline"));
  });
});
