/** `maskdm import` on files of small networks: what it writes, and what it refuses, without PyTorch. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { betaSchedule } from "../../../src/core/diffusion/betas.ts";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import { backboneOf, parameterSpecs } from "../../../src/core/model/backbones.ts";
import { sizeOf } from "../../../src/core/model/graph/graph.ts";
import { METHOD_CHOICES, type ModelShape } from "../../../src/core/model/shape.ts";
import { findNetwork } from "../../../src/node/run/runNetwork.ts";
import { runCommandLine } from "../../../src/trainer/cli/program.ts";
import { readCheckpoint } from "../../../src/trainer/run/checkpoint.ts";
import { writeSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { memoryIo } from "../cli/memoryIo.ts";
import { MASKED, WHOLE } from "./publishedConfigs.ts";
import { dict, floats, op, pickle, storage, tensor, torchFile } from "./torchBytes.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-import-command-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SHAPE: ModelShape = {
  ...METHOD_CHOICES,
  ...{ imageSize: 8, channels: 3, patchSize: 4, embedDim: 64, depth: 3, numHeads: 1 },
};

type Values = Map<string, { readonly shape: readonly number[]; readonly value: number }>;

/** Tensors of a network, each full of one number. */
function network(shape: Partial<ModelShape> = {}, factor = 1): Values {
  const own = { ...SHAPE, ...shape };
  return new Map(
    parameterSpecs(own).map(({ name, shape: sizes }, i) => [name, { shape: sizes, value: factor * (i + 1) }]),
  );
}

const under = (prefix: string, values: Values): Values =>
  new Map([...values].map(([name, tensor]) => [prefix + name, tensor]));

function safetensors(name: string, values: Values, more: Readonly<Record<string, Float32Array>> = {}): string {
  const tensors = [...values].map(([key, { shape, value }]) => ({
    name: key,
    shape: [...shape],
    data: new Float32Array(sizeOf(shape)).fill(value),
  }));
  const others = Object.entries(more).map(([key, data]) => ({ name: key, shape: [data.length], data }));
  const file = join(folder, name);
  writeSafetensors(file, [...tensors, ...others], {});
  return file;
}

const textFile = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

async function importOf(...args: string[]) {
  const { io, out, err } = memoryIo();
  const code = await runCommandLine(["import", ...args, "--into", folder, "--runs-dir", join(folder, "runs")], io);
  return { code, out: out.text.trim().split("\n"), err: err.text };
}

const experimentOf = (file: string) => {
  const parsed = parseExperiment(readFileSync(file, "utf8"));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.experiment;
};

describe("what is written", () => {
  it("of a configuration: an experiment file, and no run", async () => {
    const { code, out, err } = await importOf(textFile("hq base.yml", MASKED), "--data", join(folder, "images"));
    expect([code, out], err).toEqual([0, [join(folder, "hq-base.maskdm.yaml")]]);
    expect(experimentOf(out[0]!).data.path).toBe(join(folder, "images"));
    expect(existsSync(join(folder, "runs"))).toBe(false);
  });

  it("of weights and configurations: their stage, step and sizes, and the run's own copy", async () => {
    const weights = safetensors("a.safetensors", network());
    const config = textFile(
      "a.yml",
      WHOLE.replace("&img_size 256", "&img_size 8")
        .replace("embed_dim : 768", "embed_dim : 64")
        .replace("heads : 12", "heads : 4")
        .replace("depth : 12", "depth : 2"),
    );
    const { code, out, err } = await importOf(weights, config, "--step", "70", "--run", "r", "--json");
    expect(code, err).toBe(0);
    const result = JSON.parse(out.join("\n")) as { experiment: string; run: string; stage: string; notes: string[] };
    expect(result).toMatchObject({
      run: join(folder, "runs", "r"),
      stage: "finetune",
      notes: [expect.stringContaining("one set of weights")],
    });
    expect(experimentOf(result.experiment).model).toMatchObject({ embed_dim: 64, num_heads: 4, depth: 2 });
    const overrides: never[] = [];
    const found = findNetwork({ source: "r", runsDir: join(folder, "runs"), overrides, note: () => {} });
    expect(found.weights).toMatchObject({ run: "r", stage: "finetune", step: 70, weights: "ema" });
    const { state, tensors } = readCheckpoint(found.checkpointDir, ["raw", "ema", "optimizer"]);
    expect(state).toMatchObject({ step: 70, imagesSeen: 70 * 32 });
    expect(tensors.raw).toEqual(tensors.ema);
    expect(tensors.optimizer.size).toBe(0);
  });

  it("raw and averaged weights of one file, of prefixes in prefixes", async () => {
    const both = new Map([
      ...under("ema.online_model.model.", network({}, 3)),
      ...under("model.model.", network()),
      ...under("ema.ema_model.model.", network({}, 2)),
    ]);
    const { betas } = betaSchedule({ timesteps: 40, schedule: "linear" });
    const file = safetensors("b.safetensors", both, {
      "model.betas": Float32Array.from(betas),
      "ema.step": Float32Array.of(5),
      step: Float32Array.of(9),
    });
    const { code, out, err } = await importOf(file, "--run", "r", "--stage", "pretrain");
    expect(code, err).toBe(0);
    expect(experimentOf(out[0]!).diffusion).toMatchObject({ schedule: "linear", timesteps: 40 });
    const { state, tensors } = readCheckpoint(join(folder, "runs", "r", "checkpoints", "step-00000009"), [
      "raw",
      "ema",
    ]);
    expect(state.stage).toBe("pretrain");
    expect(
      [tensors.raw, tensors.ema].map(
        (set) => set.get("encoder.norm.bias")!.data[0]! / set.get("encoder.patch_embed.proj.weight")!.data[0]!,
      ),
    ).toEqual([network().get("encoder.norm.bias")!.value, network().get("encoder.norm.bias")!.value]);
    expect(tensors.ema.get("encoder.patch_embed.proj.weight")!.data[0]).toBe(2);
    expect(tensors.raw.get("encoder.patch_embed.proj.weight")!.data[0]).toBe(1);
    expect(state.emaUpdates).toBe(5);
  });

  it("what weights say in a configuration's place, what the user says in theirs, and which was taken", async () => {
    const betas = Float32Array.from(betaSchedule({ timesteps: 40, schedule: "linear" }).betas);
    const weights = safetensors("e.safetensors", under("model.", network()), { betas });
    const config = textFile("e.yml", WHOLE.replace("&img_size 256", "&img_size 8").replace("heads : 12", "heads : 4"));
    const { code, out, err } = await importOf(weights, config, "--set", "diffusion.timesteps=50");
    expect(code, err).toBe(0);
    expect(err).toContain("model.embed_dim is 64 by the weights, not 768 (network.encoder_embed_dim)\n");
    expect(err).toContain("diffusion.timesteps is 50 by --set, not 40 (the weights' own β)\n");
    expect(experimentOf(out[0]!)).toMatchObject({ model: { embed_dim: 64 }, diffusion: { timesteps: 50 } });
  });

  it("numbers of steps that are none count as not said", async () => {
    const counts = { "ema.step": Float32Array.of(0.5), step: Float32Array.of(-1), global_step: Float32Array.of(7) };
    const { code, err } = await importOf(
      safetensors("A.SAFETENSORS", under("model.", network()), counts),
      "--run",
      "r",
    );
    expect(code, err).toBe(0);
    const { state } = readCheckpoint(join(folder, "runs", "r", "checkpoints", "step-00000007"), []);
    expect(state).toMatchObject({ step: 7, emaUpdates: 7 });
  });

  it("AdamW's moments, by the order of the network's tensors", async () => {
    const own = [...network()];
    const state = own.flatMap(([, { shape }], i) => [
      [`opt.state.${i}.exp_avg`, { shape, value: i / 8 }] as const,
      [`opt.state.${i}.exp_avg_sq`, { shape, value: i / 16 }] as const,
    ]);
    const checkpoint = (updates: number, more: typeof state) => {
      const steps = { "opt.state.0.step": Float32Array.of(updates), step: Float32Array.of(9) };
      return safetensors("m.safetensors", new Map([...under("model.", network()), ...more]), steps);
    };
    const momentsAfter = async (file: string, name: string) => {
      const { code, err } = await importOf(file, "--name", name, "--run", name);
      expect(code, err).toBe(0);
      return readCheckpoint(join(folder, "runs", name, "checkpoints", "step-00000009"), ["optimizer"]).tensors
        .optimizer;
    };
    const moments = await momentsAfter(checkpoint(8, state), "a");
    own.forEach(([name, { shape }], i) => {
      expect(moments.get(`exp_avg.${name}`)?.shape).toEqual(shape);
      expect(moments.get(`exp_avg.${name}`)?.data[0]).toBe(i / 8);
      expect(moments.get(`exp_avg_sq.${name}`)?.data.at(-1)).toBe(i / 16);
    });
    // A parameter without a state has zeros; a state of more steps, or of another network, is none of these weights.
    const fewer = await momentsAfter(checkpoint(8, state.slice(0, -2)), "b");
    expect(fewer.get(`exp_avg.${own.at(-1)![0]}`)?.data[0]).toBe(0);
    expect((await momentsAfter(checkpoint(10, state), "c")).size).toBe(0);
    const swapped = state.map(([name], i) => [name, state.at(-1 - i)![1]] as const);
    expect((await momentsAfter(checkpoint(8, swapped), "d")).size).toBe(0);
  });

  it("options that the tensors tell: norms, SwiGLU, fixed positions, classes, the output convolution", async () => {
    const shape = {
      norm: "rms",
      qkNorm: "rms",
      mlp: "swiglu",
      positions: "sincos",
      numClasses: 3,
      outputConv: "residual",
    } as const;
    const values = network(shape);
    const own = { ...SHAPE, ...shape };
    const [positions] = backboneOf(own).constants(own);
    const tensors = [...values].map(([name, { shape, value }]) => ({
      name,
      shape: [...shape],
      data: new Float32Array(sizeOf(shape)).fill(value),
    }));
    const file = join(folder, "c.safetensors");
    writeSafetensors(file, [...tensors, { ...positions!, data: positions!.values() }], {});
    const { code, out, err } = await importOf(file);
    expect(code, err).toBe(0);
    expect(experimentOf(out[0]!)).toMatchObject({
      data: { labels: "folders" },
      model: {
        norm: "rms",
        qk_norm: "rms",
        mlp: "swiglu",
        mlp_ratio: 4,
        positions: "sincos",
        num_classes: 3,
        output_conv: "residual",
      },
    });
  });

  it("a DiT whose classes have no row for none", async () => {
    const values = network({ backbone: "dit", numClasses: 3 });
    const constants = backboneOf({ ...SHAPE, backbone: "dit" }).constants(SHAPE);
    const positions = constants.find(({ name }) => name === "pos_embed")!;
    const tensors = [...values].map(([name, { shape, value }]) => ({
      name,
      shape: [...shape],
      data: new Float32Array(sizeOf(shape)).fill(value),
    }));
    const file = join(folder, "d.safetensors");
    writeSafetensors(file, [...tensors, { ...positions, data: positions.values() }], {});
    expect(experimentOf((await importOf(file)).out[0]!).model.num_classes).toBe(3);
    const all = await importOf(file, "--set", "model.num_classes=4", "--name", "e", "--run", "e");
    expect(all.code, all.err).toBe(0);
    const { tensors: read } = readCheckpoint(join(folder, "runs", "e", "checkpoints", "step-00000000"), ["raw"]);
    const table = read.raw.get("y_embedder.embedding_table.weight")!;
    expect(table.shape).toEqual([5, 64]);
    expect([...table.data.subarray(4 * 64)].every((value) => value === 0)).toBe(true);
    expect((await importOf(file, "--set", "model.num_classes=9", "--name", "f")).err).toContain(
      "model.num_classes is 3 or 4, not 9",
    );
  });
});

describe("refused, and nothing is written", () => {
  const cases: [string, () => string[], RegExp][] = [
    ["a file that is not there", () => [join(folder, "none.pt")], /none\.pt cannot be read: it does not exist/],
    [
      "a configuration that is not there",
      () => [join(folder, "none.yml")],
      /none\.yml cannot be read: it does not exist/,
    ],
    ["another kind of YAML", () => [textFile("a.yml", "a: 1\n")], /no configuration of the method's published code/],
    ["YAML with a mistake", () => [textFile("a.yml", "a: [1\n")], /a\.yml:1:4: error MDM001/],
    ["an experiment file", () => [textFile("a.maskdm.yaml", "data:\n  path: x\n")], /is an experiment file already/],
    ["two files of weights", () => [join(folder, "a.pt"), join(folder, "b.pt")], /both files of weights.*--averaged/],
    [
      "averages without weights",
      () => [textFile("a.yml", MASKED), "--averaged", "b.pt"],
      /--averaged goes with the file of the raw weights/,
    ],
    [
      "a name that is none",
      () => [textFile("a.yml", MASKED), "--name", "a/b"],
      /no name for an experiment: it holds a path separator/,
    ],
    ["an unknown key", () => [textFile("a.yml", MASKED), "--set", "model.dim=3"], /there is no key model\.dim/],
    [
      "another network by --set",
      () => [safetensors("a.safetensors", network()), "--set", "model.embed_dim=32"],
      /proj\.weight: \[64, 3, 4, 4\] there, \[32, 3, 4, 4\] is needed.*--set asks for another/s,
    ],
    [
      "no known network",
      () => [safetensors("a.safetensors", new Map([["conv.weight", { shape: [2], value: 1 }]]))],
      /none of the networks that are known here: the method's network.*U-ViT.*DiT.*1 tensors, such as conv\.weight/,
    ],
    ["no tensor at all", () => [writeTorch("a.pt", pickle(dict({ a: op.int(1) })))], /It holds no tensor/],
    ["latents", () => [safetensors("a.safetensors", network({ channels: 4 as 3 }))], /4 channels.*autoencoder/],
    [
      "wavelets",
      () => [
        safetensors("a.safetensors", new Map([["encoder.approx_patch_embed.proj.weight", { shape: [2], value: 1 }]])),
      ],
      /draws wavelets/,
    ],
    [
      "two raw networks",
      () => [safetensors("a.safetensors", new Map([...under("a.", network()), ...under("b.", network())]))],
      /2 networks, with names that begin with "a\.", "b\."/,
    ],
    [
      "an incomplete network",
      () => [safetensors("a.safetensors", new Map([...network()].filter(([name]) => name !== "encoder.norm.weight")))],
      /encoder\.norm\.weight: missing.*none of the published networks/s,
    ],
    [
      "more than a network",
      () => [safetensors("a.safetensors", new Map([...network(), ["encoder.extra", { shape: [2], value: 1 }]]))],
      /encoder\.extra: not a tensor of this model/,
    ],
    ["no numbers", () => [safetensors("a.safetensors", network({}, Number.NaN))], /not finite numbers/],
    [
      "another noise schedule",
      () => [
        safetensors("a.safetensors", under("model.", network()), {
          betas: Float32Array.from({ length: 9 }, (_, i) => i / 100),
        }),
      ],
      /another noise schedule/,
    ],
    [
      "averages of another network",
      () => [
        safetensors("a.safetensors", network()),
        "--averaged",
        safetensors("b.safetensors", network({ embedDim: 128, numHeads: 2 })),
      ],
      /b\.safetensors does not fit/,
    ],
  ];
  const writeTorch = (name: string, data: Uint8Array, storages: Readonly<Record<string, Uint8Array>> = {}): string => {
    writeFileSync(join(folder, name), torchFile(data, storages));
    return join(folder, name);
  };

  it.each(cases)("%s", async (_, args, why) => {
    const given = args();
    const before = readdirSync(folder);
    const { code, err } = await importOf(...given);
    expect(err).toMatch(why);
    expect(code).toBe(2);
    expect(readdirSync(folder)).toEqual(before);
  });

  it("a file or run that is there already stays as it is", async () => {
    const config = textFile("a.yml", MASKED);
    expect((await importOf(config)).code).toBe(0);
    const text = readFileSync(join(folder, "a.maskdm.yaml"), "utf8");
    const again = await importOf(config);
    expect(again.err).toContain("exists already and is left as it is");
    expect(readFileSync(join(folder, "a.maskdm.yaml"), "utf8")).toBe(text);
    const weights = safetensors("w.safetensors", network());
    expect((await importOf(weights, "--run", "r")).code).toBe(0);
    const taken = await importOf(weights, "--name", "other", "--run", "r");
    expect(taken.err).toContain("Choose another --run");
    expect(existsSync(join(folder, "other.maskdm.yaml"))).toBe(false);
  });

  it("where PyTorch's files are named for something else, the command is named", async () => {
    const { io, err } = memoryIo();
    const file = writeTorch("a.pt", pickle(dict({ a: tensor(storage("0", 1), { shape: [1], strides: [1] }) })), {
      "0": floats(1),
    });
    expect(await runCommandLine(["sample", file], io)).toBe(2);
    expect(err.text).toContain("one of PyTorch becomes a run by: maskdm import");
  });
});
