/** Checkpoints that PyTorch wrote in published layouts: imported, they predict the same, and can be sampled and finetuned. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { imagesToTokens, toPatchEmbedOrder } from "../../../src/core/batch/tokens.ts";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import { modelShape } from "../../../src/core/model/shape.ts";
import { readRun } from "../../../src/node/run/runFiles.ts";
import { Engine } from "../../../src/trainer/engine/engine.ts";
import { onnxBackend } from "../../../src/trainer/engine/onnx/backend.ts";
import { type ImportRequest, type ImportResult, importFiles } from "../../../src/trainer/import/importFiles.ts";
import { readCheckpoint } from "../../../src/trainer/run/checkpoint.ts";
import { readSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { findPython, TORCH_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { runPython } from "../../python/runPython.ts";
import { Workshop } from "../training/support.ts";

// A busy machine takes its time to import torch.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const [SIZE, PATCH, CHANNELS] = [16, 4, 3];
const TOLERANCE = 1e-4;
const HEADS = [{ path: "model.num_heads", value: "2" }];

const workshop = new Workshop();
let folder = "";
const x = Float32Array.from({ length: 2 * SIZE * SIZE * CHANNELS }, (_, i) => Math.sin(i * i));
const timesteps = Int32Array.of(3, 700);
const bytes = (data: Float32Array | Int32Array) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

beforeAll(() => {
  const python = findPython(TORCH_MODULES);
  folder = mkdtempSync(join(tmpdir(), "maskdm-import-"));
  if (!python.found) return;
  writeFileSync(join(folder, "x.f32"), bytes(x));
  writeFileSync(join(folder, "timesteps.i32"), bytes(timesteps));
  runPython(python.command, "published.py", { folder, size: SIZE, patch: PATCH });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  mkdirSync(workshop.path("images"));
  for (let i = 0; i < 8; i++) {
    const background = { r: 30 * i, g: 200, b: 255 - 30 * i };
    const image = sharp({ create: { width: 16, height: 16, channels: 3, background } }).png();
    await image.toFile(workshop.path("images", `${i}.png`));
  }
});

let number = 0;
const importOf = (name: string, more: Partial<ImportRequest> = {}): Promise<ImportResult> => {
  const into = join(folder, `import-${number++}`);
  return importFiles({
    ...{ files: [join(folder, name)], into, runsDir: join(into, "runs"), set: HEADS, command: ["maskdm", "import"] },
    ...more,
  });
};

/** What the run's weights predict, as the largest difference to what PyTorch did. */
async function differences({ run, experiment }: ImportResult, name: string, labels: Int32Array | null = null) {
  const parsed = parseExperiment(readFileSync(experiment, "utf8"));
  if (!parsed.ok || run === null) throw new Error("not imported");
  const shape = modelShape(parsed.experiment);
  const record = readRun(run);
  const step = record.ok ? record.value.totalSteps : -1;
  const { tensors } = readCheckpoint(join(run, "checkpoints", `step-${String(step).padStart(8, "0")}`), ["raw", "ema"]);
  const engine = new Engine(onnxBackend({ provider: "cpu", threads: 1 }), { shape, seed: 0 });
  const found = { raw: 0, ema: 0 };
  for (const which of ["raw", "ema"] as const) {
    await engine.load(tensors[which], which, "the test");
    const tokens = toPatchEmbedOrder(imagesToTokens(x, 2, shape), shape);
    const output = await engine.predict(tokens, timesteps, labels, which);
    const expected = new Float32Array(new Uint8Array(readFileSync(join(folder, `${name}.${which}.f32`))).buffer);
    expect(output.length).toBe(expected.length);
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.05);
    found[which] = Math.max(...output.map((value, i) => Math.abs(value - expected[i]!)));
  }
  await engine.dispose();
  return found;
}

describe("a checkpoint of the method's code", () => {
  it("predicts the same, raw and averaged", async (test) => {
    requirePython(test, TORCH_MODULES);
    const result = await importOf("method.pt");
    const { raw, ema } = await differences(result, "method");
    expect(raw).toBeLessThan(TOLERANCE);
    expect(ema).toBeLessThan(TOLERANCE);
    const text = readFileSync(result.experiment, "utf8");
    const parsed = parseExperiment(text);
    expect(parsed).toMatchObject({
      ok: true,
      experiment: {
        data: { image_size: 16, channels: 3 },
        model: { depth: 3, embed_dim: 32, patch_size: 4, qkv_bias: true, time_embedding: "mlp", num_classes: 0 },
        diffusion: { schedule: "linear", timesteps: 1000, prediction: "epsilon" },
      },
    });
    expect(text).toContain("the optimiser's state came along");
    const record = readRun(result.run!);
    expect(record).toMatchObject({
      ok: true,
      value: {
        parent: null,
        totalSteps: 4321,
        stage: "finetune",
        imported: { from: [join(folder, "method.pt")], layout: "maskdm", optimizer: true },
      },
    });
  });

  it.for([
    ["bare.safetensors", /one set of weights/],
    ["odd.pth", /one set of weights/],
    ["protocol4.pth", /one set of weights/],
  ] as const)(
    "%s: without buffers, under prefixes, of other numbers, strides and protocols",
    async ([name, note], test) => {
      requirePython(test, TORCH_MODULES);
      const result = await importOf(name);
      expect(result.notes.join("\n")).toMatch(note);
      expect((await differences(result, "method")).raw).toBeLessThan(TOLERANCE);
    },
  );

  it("both.safetensors: raw and averaged weights beside each other", async (test) => {
    requirePython(test, TORCH_MODULES);
    const { raw, ema } = await differences(await importOf("both.safetensors"), "method");
    expect(raw).toBeLessThan(TOLERANCE);
    expect(ema).toBeLessThan(TOLERANCE);
  });

  it.for(["half.safetensors", "bfloat16.pth"])("%s: as near as its numbers are", async (name, test) => {
    requirePython(test, TORCH_MODULES);
    const { raw } = await differences(await importOf(name), "method");
    expect(raw).toBeGreaterThan(0);
    expect(raw).toBeLessThan(0.05);
  });

  it("is sampled and finetuned as any other run", async (test) => {
    requirePython(test, TORCH_MODULES);
    const set = ["--set", "model.num_heads=2", "--set", "finetune.batch_size=4", "--set", "finetune.sample_every=0"];
    const imported = await workshop.succeed(
      "import",
      join(folder, "method.pt"),
      "--data",
      "images",
      "--run",
      "a",
      ...set,
    );
    expect(imported.out.trim().split("\n")).toEqual(["method.maskdm.yaml", join("runs", "a")]);
    expect(imported.err).not.toContain("num_heads");
    await workshop.succeed("sample", "a", "--steps", "3", "--count", "2", "--out", "drawn.png");
    expect((await sharp(workshop.path("drawn.png")).metadata()).width).toBeGreaterThan(16);
    const finetuned = await workshop.succeed(
      "finetune",
      "method.maskdm.yaml",
      "--from",
      "a",
      "--steps",
      "2",
      "--run",
      "b",
    );
    expect(finetuned.err).toContain("starting from the raw weights");
    expect(readRun(workshop.run("b"))).toMatchObject({
      ok: true,
      value: { parent: { run: "a", step: 4321, weights: "raw" }, totalSteps: 2 },
    });
    expect((await workshop.succeed("runs")).out).toMatch(/a .*finished.*4,?321/);
  });
});

describe("the optimiser's state", () => {
  it("is that of PyTorch, and the training goes on with it", async (test) => {
    requirePython(test, TORCH_MODULES);
    const set = ["--set", "model.num_heads=2", "--set", "finetune.batch_size=4", "--set", "finetune.sample_every=0"];
    const data = ["--data", "images", "--name", "on", "--run", "on"];
    await workshop.succeed("import", join(folder, "method.pt"), ...data, ...set);
    const dir = join(workshop.run("on"), "checkpoints", "step-00004321");
    const { state, tensors } = readCheckpoint(dir, ["optimizer"]);
    expect(state.emaUpdates).toBe(123);
    const expected = readSafetensors(join(folder, "moments.safetensors")).tensors;
    expect([...tensors.optimizer.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, { data, shape }] of tensors.optimizer) {
      expect(shape).toEqual(expected.get(name)!.shape);
      expect(data).toEqual(expected.get(name)!.data);
    }
    const resumed = await workshop.succeed("resume", "on", "--steps", "4323");
    expect(resumed.err).toContain("finetune on");
    expect(readRun(workshop.run("on"))).toMatchObject({ ok: true, value: { totalSteps: 4323 } });
  });

  it("is not there for weights alone, which cannot go on", async (test) => {
    requirePython(test, TORCH_MODULES);
    await workshop.succeed("import", join(folder, "bare.safetensors"), "--name", "bare", "--run", "bare");
    const resumed = await workshop.maskdm("resume", "bare", "--steps", "5000");
    expect(resumed.exitCode).toBe(2);
    expect(resumed.err).toContain("was imported, without the state of its optimiser");
  });
});

describe("networks of others", () => {
  it("a U-ViT: its convolution, its biases, and its average in another file", async (test) => {
    requirePython(test, TORCH_MODULES);
    const result = await importOf("uvit.pt", { averaged: join(folder, "uvit-ema.pt"), step: 500_000 });
    const { raw, ema } = await differences(result, "uvit");
    expect(raw).toBeLessThan(TOLERANCE);
    expect(ema).toBeLessThan(TOLERANCE);
    const text = readFileSync(result.experiment, "utf8");
    expect(text).toMatch(/output_conv: residual # the weights/);
    expect(text).toMatch(/schedule: linear # as published/);
  });

  it("a U-ViT with classes, which knows no image without one", async (test) => {
    requirePython(test, TORCH_MODULES);
    const result = await importOf("uvit-classes.pt");
    expect((await differences({ ...result }, "uvit-classes", Int32Array.of(0, 2))).raw).toBeLessThan(TOLERANCE);
    expect(readFileSync(result.experiment, "utf8")).toMatch(/num_classes: 3[\s\S]*class_dropout: 0/);
  });

  it("a DiT: the noise of what it predicts, without the variances", async (test) => {
    requirePython(test, TORCH_MODULES);
    const result = await importOf("dit.pt");
    const { raw, ema } = await differences(result, "dit", Int32Array.of(0, 2));
    expect(raw).toBeLessThan(TOLERANCE);
    expect(ema).toBeLessThan(TOLERANCE);
    expect(readFileSync(result.experiment, "utf8")).toContain("also predicts variances");
  });
});

describe("refused, with what to do", () => {
  it.for([
    ["old.pth", /PyTorch before 1\.6.*Save it again/],
    ["whole.pth", /names "maskdm_torch\..*neither a tensor nor a plain container.*state_dict/],
  ] as const)("%s", async ([name, why], test) => {
    requirePython(test, TORCH_MODULES);
    await expect(importOf(name)).rejects.toThrow(why);
  });

  it("other heads than the width allows are errors of the experiment, and nothing is written", async (test) => {
    requirePython(test, TORCH_MODULES);
    const into = join(folder, "nothing");
    const call = importOf("method.pt", {
      into,
      runsDir: join(into, "runs"),
      set: [{ path: "model.num_heads", value: "0" }],
    });
    await expect(call).rejects.toThrow(/num_heads/);
    expect(() => readFileSync(join(into, "method.maskdm.yaml"))).toThrow();
  });
});
