/** `maskdm export --pytorch` and `--diffusers`: exported networks predict and draw what the engine does. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import * as z from "zod";
import type { Experiment } from "../../../src/core/experiment/schema.ts";
import { gridPicture } from "../../../src/core/run/gridPicture.ts";
import { runCommandLine } from "../../../src/trainer/cli/program.ts";
import type { Backend } from "../../../src/trainer/engine/backend.ts";
import { pythonModule } from "../../../src/trainer/export/pythonModule.ts";
import { writeCheckpoint } from "../../../src/trainer/run/checkpoint.ts";
import { readSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { torchPackage } from "../../../src/trainer/torch/torchProgram.ts";
import { TORCH_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { runPython } from "../../python/runPython.ts";
import { memoryIo } from "../cli/memoryIo.ts";
import { relativeError } from "../engine/compare.ts";
import { normals } from "../engine/tinyModels.ts";
import { checkpointState } from "../run/examples.ts";
import { openRun, temporaryFolder } from "../run/support.ts";
import { ownBackend, ownNetwork } from "../torch/ownEngine.ts";
import { type Sections, VARIANTS, variant } from "../torch/variants.ts";

// A busy machine takes its time to import torch.
vi.setConfig({ testTimeout: 400_000 });

const COUNT = 3;
const replySchema = z.array(z.object({ predicted: z.array(z.number()), drawn: z.array(z.number()) }));

let backend: Backend;
beforeAll(async () => {
  backend = await ownBackend();
});

async function exported(...args: string[]): Promise<{ readonly code: number; readonly err: string }> {
  const { io, err } = memoryIo();
  return { code: await runCommandLine(["export", ...args], io), err: err.text };
}

/** A run of two checkpoints; its averaged weights are those of the network, all raw ones are larger by 1. */
async function runOf(runsDir: string, id: string, experiment: Experiment) {
  const network = await ownNetwork(backend, experiment);
  const run = openRun(runsDir, { id, experimentText: stringify(experiment) });
  const raw = network.tensors.map((tensor) => ({ ...tensor, data: tensor.data.map((value) => value + 1) }));
  for (const step of [1, 2]) {
    writeCheckpoint(run.dir, checkpointState(step), { raw, ema: network.tensors, optimizer: [] });
  }
  return { dir: run.dir, network };
}

/** A network's folders, what is asked of them, and what the engine says. */
async function caseOf(folder: string, id: string, { title, experiment }: { title: string; experiment: Experiment }) {
  const { dir, network } = await runOf(folder, id, experiment);
  const [plain, diffusers] = [join(folder, `${id}-plain`), join(folder, `${id}-diffusers`)];
  const { code, err } = await exported(dir, "--pytorch", plain, "--diffusers", diffusers);
  expect(code, err).toBe(0);
  const { data, model, diffusion, seed } = experiment;
  const shape = [2, data.image_size, data.image_size, data.channels];
  const images = normals(
    1,
    shape.reduce((size, side) => size * side),
  );
  const timesteps = Int32Array.of(0, diffusion.timesteps - 1);
  const labels = model.num_classes > 0 ? Int32Array.of(1, model.num_classes) : null;
  const predicted = await network.predict(images, timesteps, labels);
  const drawn = await network.draw(COUNT);
  await network.dispose();
  const asked = { images: [...images], timesteps: [...timesteps], labels: labels && [...labels] };
  return { title, plain, diffusers, predicted, drawn, asked: { ...asked, shape, seed, count: COUNT, plain } };
}

type Case = Awaited<ReturnType<typeof caseOf>>;

const short = { sample: { steps: 4 } } as const;

describe("a plain module", () => {
  it("predicts and draws what the engine does, for all options of both networks", async (test) => {
    const python = requirePython(test, TORCH_MODULES);
    const folder = temporaryFolder();
    const cases: Case[] = [];
    for (const [i, { title, experiment }] of VARIANTS.entries()) {
      const sample = { ...experiment.sample, steps: 4, guidance: experiment.model.num_classes > 0 ? 2 : 1 };
      cases.push(await caseOf(folder, `r${i}`, { title, experiment: { ...experiment, sample } }));
    }
    const asked = cases.map(({ plain, asked }) => ({ ...asked, folder: plain }));
    const replies = replySchema.parse(
      JSON.parse(runPython(python, "exported_networks.py", { cases: asked, diffusers: false, cache: folder })),
    );
    replies.forEach(({ predicted, drawn }, i) => {
      const { title, ...own } = cases[i]!;
      expect(relativeError(Float32Array.from(predicted), own.predicted), title).toBeLessThan(1e-4);
      expect(relativeError(Float32Array.from(drawn), own.drawn), title).toBeLessThan(1e-4);
    });

    // As a program: the same picture, but for what rounding makes of it.
    const { plain, drawn } = cases[0]!;
    const out = join(folder, "grid.png");
    const program = spawnSync(python, [join(plain, "model.py"), "--out", out, "--count", String(COUNT)], {
      encoding: "utf8",
    });
    expect(program.status, program.stderr).toBe(0);
    const { default: sharp } = await import("sharp");
    const { data, info } = await sharp(readFileSync(out)).raw().toBuffer({ resolveWithObject: true });
    const picture = gridPicture({ images: drawn, count: COUNT, imageSize: 16, channels: 3 });
    expect([info.width, info.height, info.channels]).toEqual([picture.width, picture.height, picture.channels]);
    expect(Math.max(...data.map((value, i) => Math.abs(value - picture.data[i]!)))).toBeLessThanOrEqual(1);
  });

  it("holds what it needs, and nothing else", () => {
    const text = pythonModule("exported/plain_model.py", join(torchPackage(), "maskdm_torch"));
    expect(text).not.toMatch(/^from \.|maskdm_torch|loss_weights|gather_patches|build_network|def permutation/m);
    expect(text).toMatch(/^class UViT/m);
    expect(text.match(/__future__/g)).toHaveLength(1);
  });

  it("is not made where two names would become one", () => {
    const folder = temporaryFolder();
    const file = (name: string, text: string) => writeFileSync(join(folder, name), `"""Docs."""\n\n${text}`);
    file("root.py", "from .a import A\nfrom .b import B\n\nprint(A, B)\n");
    file("a.py", "import math as own\n\nSHARED = own.pi\nA = SHARED\nUNUSED = 3\n");
    file("b.py", "OTHER = 2\n\n\n@property\ndef B():\n    return OTHER\n");
    expect(pythonModule("root.py", folder)).toBe(
      `"""Docs."""\n\nfrom __future__ import annotations\n\nimport math as own\n\n#\n# Docs.\n#\n\n\nSHARED = own.pi\nA = SHARED\n\n\n#\n# Docs.\n#\n\n\nOTHER = 2\n\n\n@property\ndef B():\n    return OTHER\n\n\nprint(A, B)\n`,
    );
    file("b.py", "SHARED = 2\nB = SHARED\n");
    expect(() => pythonModule("root.py", folder)).toThrow(/^SHARED is defined in .*a\.py and in .*b\.py/);
    file("b.py", "import cmath as own\n\nB = own.pi\n");
    expect(() => pythonModule("root.py", folder)).toThrow("own is imported from math and from cmath");
  });
});

const FLOW = { process: "flow" } as const;
const CLASSES = { data: { labels: "folders" }, model: { num_classes: 2 } } as const;
const PIPELINES: readonly [string, Sections][] = [
  ["ddim without noise", { sample: { steps: 10, eta: 0 } }],
  ["velocities, clamped", { sample: { steps: 10, eta: 0 }, diffusion: { prediction: "v" } }],
  [
    "images, linear, no clamp",
    { sample: { steps: 8, eta: 0, clip: false }, diffusion: { prediction: "x0", schedule: "linear" } },
  ],
  [
    "few timesteps, linear",
    { sample: { sampler: "euler", steps: 5 }, diffusion: { timesteps: 10, schedule: "linear", prediction: "v" } },
  ],
  [
    "guided in an interval",
    {
      ...CLASSES,
      diffusion: { prediction: "v" },
      sample: { steps: 10, eta: 0, guidance: 2.5, guidance_interval: [0.2, 0.7] },
    },
  ],
  [
    "flow of images, DiT",
    { model: { backbone: "dit" }, diffusion: { ...FLOW, prediction: "x0" }, sample: { sampler: "euler", steps: 7 } },
  ],
  [
    "flow of velocities",
    { diffusion: { ...FLOW, prediction: "v" }, sample: { sampler: "euler", steps: 7, clip: false } },
  ],
];

describe("a pipeline of diffusers", () => {
  it("predicts and draws what the engine does, from the same noise", async (test) => {
    const python = requirePython(test, [...TORCH_MODULES, "diffusers"]);
    const folder = temporaryFolder();
    const cases: Case[] = [];
    for (const [i, [title, sections]] of PIPELINES.entries()) {
      cases.push(await caseOf(folder, `r${i}`, variant(title, sections)));
    }
    const asked = cases.map(({ diffusers, asked }) => ({ ...asked, folder: diffusers }));
    const replies = replySchema.parse(
      JSON.parse(
        runPython(python, "exported_networks.py", { cases: asked, diffusers: true, cache: join(folder, "cache") }),
      ),
    );
    replies.forEach(({ predicted, drawn }, i) => {
      const { title, ...own } = cases[i]!;
      expect(relativeError(Float32Array.from(predicted), own.predicted), title).toBeLessThan(1e-4);
      // The pipeline cuts off at the end what a grid cuts off, too; its noise levels are float32.
      const inside = own.drawn.map((value) => Math.min(1, Math.max(-1, value)));
      expect(relativeError(Float32Array.from(drawn), inside), title).toBeLessThan(1e-3);
    });
  });

  it("says where it draws otherwise", async () => {
    const folder = temporaryFolder();
    const { dir, network } = await runOf(
      folder,
      "a",
      variant("", { sample: { sampler: "heun", steps: 7 } }).experiment,
    );
    await network.dispose();
    const { code, err } = await exported(dir, "--diffusers", join(folder, "d"));
    expect(code).toBe(0);
    expect(err).toMatch(/note: sample\.sampler heun: .*\n?.*note: sample\.steps 7: /);
    expect(readFileSync(join(folder, "d", "README.md"), "utf8")).toContain("sample.sampler heun");
  });
});

describe("which network, and where to", () => {
  it("takes the averaged weights of the newest checkpoint, or those that are asked for", async () => {
    const folder = temporaryFolder();
    const { dir, network } = await runOf(folder, "a", variant("", short).experiment);
    await network.dispose();
    const out = join(folder, "out");
    const written = async (...args: string[]) => {
      const { code, err } = await exported(dir, "--pytorch", out, ...args);
      expect(code, err).toBe(0);
      const { tensors } = readSafetensors(join(out, "model.safetensors"));
      const config = JSON.parse(readFileSync(join(out, "config.json"), "utf8")) as { run: unknown };
      return { config, value: tensors.get("encoder.norm.weight")!.data[0]! };
    };
    const own = network.tensors.find(({ name }) => name === "encoder.norm.weight")!.data[0]!;
    const newest = await written();
    expect(newest.value).toBe(own);
    expect(newest.config.run).toMatchObject({ run: "a", step: 2, weights: "ema" });
    const other = await written("--checkpoint", "1", "--weights", "raw");
    expect(other.value).toBe(Math.fround(own + 1));
    expect(other.config.run).toMatchObject({ step: 1, weights: "raw" });
    expect(readdirSync(out).sort()).toEqual(["README.md", "config.json", "model.py", "model.safetensors"]);
  });

  it("refuses what cannot be, and writes nothing", async () => {
    const folder = temporaryFolder();
    const { dir, network } = await runOf(folder, "a", variant("", short).experiment);
    await network.dispose();
    const own = openRun(folder, { id: "own", experimentText: "data: {path: .}\nmodel: {backbone: 'nets:Mine'}\n" });
    writeCheckpoint(own.dir, checkpointState(1), { raw: [], ema: [], optimizer: [] });
    const other = join(folder, "other");
    mkdirSync(other);
    writeFileSync(join(other, "notes.txt"), "mine");
    for (const [args, message] of [
      [[dir, "--pytorch", other], /other holds files that are of no export, and is left as it is/],
      [[dir, "--pytorch", join(folder, "new"), "--checkpoint", "7"], /no whole checkpoint of step 7. Take one of 1, 2/],
      [[dir, dir, "--pytorch", join(folder, "new")], /Each network needs a folder of its own/],
      [[dir, join(dir, "checkpoints/step-00000001"), "--pytorch"], /Two of the networks are of runs of one name/],
      [[dir, "--csv", "-", "--weights", "raw"], /--weights goes with --pytorch or --diffusers/],
      [[own.dir, "--diffusers", join(folder, "new")], /model\.backbone nets:Mine is a network of your own/],
    ] as const) {
      const { code, err } = await exported(...args);
      expect(code, err).toBe(2);
      expect(err).toMatch(message);
    }
    expect(readdirSync(other)).toEqual(["notes.txt"]);
    expect(existsSync(join(folder, "new"))).toBe(false);
  });
});
