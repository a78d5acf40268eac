/** Overrides, names, and input that no run can begin with. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import {
  differences,
  learning,
  newestCheckpoint,
  QUICK,
  recordOf,
  statusOf,
  tinyExperiment,
  Workshop,
  writeImages,
} from "./support.ts";

const shop = new Workshop();

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 24, size: 8 });
  await writeImages(shop.path("labelled"), { count: 9, size: 8, classes: ["a", "b", "c"] });
  shop.experiment("tiny", tinyExperiment({ pretrain: QUICK }));
});

const frozenText = (id: string): string => readFileSync(join(shop.run(id), "experiment.maskdm.yaml"), "utf8");

describe("overrides", () => {
  it("are used, and recorded in the frozen file, comments kept", async () => {
    const text = `# my first experiment
data: { path: images, image_size: 8 } # 24 pictures
model: { patch_size: 2, embed_dim: 16, depth: 3, num_heads: 2 }
pretrain:
  batch_size: 8 # small
  checkpoint_every: 5
  sample_every: 0
  log_every: 1
engine: { threads: 1 }
`;
    writeFileSync(shop.path("commented.maskdm.yaml"), text);
    const set = ["mask.strategy=crop", "mask.crop_size=3", "pretrain.lr=0.001", "pretrain.batch_size=4", "seed=9"];
    const args = ["pretrain", "commented.maskdm.yaml", "--run", "overridden", "--steps", "12"];
    await shop.succeed(...args, ...set.flatMap((setting) => ["--set", setting]));

    const frozen = frozenText("overridden");
    for (const comment of ["# my first experiment", "# 24 pictures", "# small"]) expect(frozen).toContain(comment);
    const parsed = parseExperiment(frozen);
    expect(parsed).toMatchObject({
      ok: true,
      experiment: {
        mask: { strategy: "crop", crop_size: 3 },
        pretrain: { steps: 12, lr: 0.001, batch_size: 4 },
        seed: 9,
      },
    });
    const record = recordOf(shop.run("overridden"));
    expect(record).toMatchObject({ id: "overridden", name: "commented", stage: "pretrain", totalSteps: 12, seed: 9 });
    expect(record.command.slice(1)).toEqual([...args, ...set.flatMap((setting) => ["--set", setting])]);
    expect(record.configHash).toBe(`sha256:${createHash("sha256").update(frozen).digest("hex")}`);
    expect(record.versions["backend"]).toMatch(/^(kernels for |onnxruntime-node \d)/);
    expect(statusOf(shop.run("overridden"))).toMatchObject({ state: "finished", step: 12, imagesSeen: 48 });
    expect(learning(shop.run("overridden")).map(({ images, lr }) => [images, lr])).toEqual(
      Array.from({ length: 12 }, (_, i) => [4 * (i + 1), 0.001]),
    );
    expect(readFileSync(shop.path("commented.maskdm.yaml"), "utf8")).toBe(text);
  });

  it("of a resume are recorded as well, and what was seen before still counts", async () => {
    await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "changed", "--steps", "10");
    await shop.succeed("resume", "changed", "--steps", "20", "--set", "pretrain.batch_size=2");
    expect(parseExperiment(frozenText("changed"))).toMatchObject({
      experiment: { pretrain: { steps: 20, batch_size: 2 } },
    });
    expect(learning(shop.run("changed")).map(({ step, images }) => [step, images])).toEqual([
      [5, 40],
      [10, 80],
      [15, 90],
      [20, 100],
    ]);
    expect(statusOf(shop.run("changed"))).toMatchObject({ imagesSeen: 100 });
    expect(newestCheckpoint(shop.run("changed")).state.imagesSeen).toBe(100);
  });
});

describe("a run", () => {
  it("does not depend on its experiment file any more, nor on where commands are started", async () => {
    mkdirSync(shop.path("project"));
    await writeImages(shop.path("project", "pictures"), { count: 10, size: 8 });
    const experiment = tinyExperiment({ data: { path: "pictures", image_size: 8 }, pretrain: QUICK });
    for (const name of ["moved", "whole"]) shop.experiment(`project/${name}`, experiment);
    await shop.succeed("pretrain", "project/moved.maskdm.yaml", "--run", "moved", "--steps", "10");
    await shop.succeed("pretrain", "project/whole.maskdm.yaml", "--run", "whole", "--steps", "20");
    rmSync(shop.path("project", "moved.maskdm.yaml"));
    await shop.succeed("resume", "runs/moved", "--steps", "20");
    expect(differences(shop.run("moved"), shop.run("whole"))).toEqual([]);
  });

  it("leaves broken images out by name, and goes on with other images than it began with, but says so", async () => {
    await writeImages(shop.path("growing"), { count: 24, size: 8 });
    writeFileSync(shop.path("growing", "torn.png"), "no picture");
    writeFileSync(shop.path("growing", "notes.txt"), "none");
    mkdirSync(shop.path("growing", "@eaDir"));
    const experiment = tinyExperiment({ data: { path: "growing", image_size: 8 }, pretrain: QUICK });
    const file = shop.experiment("growing", experiment);
    const log = () => readFileSync(join(shop.run("growing"), "log.txt"), "utf8");
    const { err } = await shop.succeed("pretrain", file, "--run", "growing", "--steps", "10");
    expect(err).toMatch(/left out 1 of 25 images:\n {2}torn\.png: /);
    expect(log()).toMatch(/image left out: torn\.png: /);
    for (const note of ["1 file left out: 1 text file", "left out by name, as no data: @eaDir"]) {
      expect(err.split("\n")).toContain(note);
      expect(log()).toContain(`Z ${note}\n`);
    }
    rmSync(shop.path("growing", "torn.png"));
    await writeImages(shop.path("growing"), { count: 26, size: 8 });
    renameSync(shop.path("growing", "image-024.png"), shop.path("growing", "image-003.png"));
    const resumed = await shop.succeed("resume", "growing", "--steps", "20");
    const warning =
      /The images have changed since the checkpoint \(1 added: "image-025\.png"; 1 changed: "image-003\.png"\).*not bit for bit/;
    expect(resumed.err).toMatch(warning);
    expect(log()).toMatch(warning);
  });

  it("tells once what is left out, and that all is grey only where the weights are new", async () => {
    mkdirSync(shop.path("greys"));
    const grey = { create: { width: 8, height: 8, channels: 3, background: "#777777" } } as const;
    for (const name of ["a.png", "b.png"]) await sharp(grey).png().toFile(shop.path("greys", name));
    const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypheic\0\0\0\0mif1heic")]);
    writeFileSync(shop.path("greys", "c.heic"), heic);
    const stage = { ...QUICK, steps: 2, batch_size: 2 };
    const file = shop.experiment(
      "greys",
      tinyExperiment({ data: { path: "greys", image_size: 8 }, pretrain: stage, finetune: stage }),
    );
    const hint = "all 2 images are grey: with data.channels: 1";
    const fresh = await shop.succeed("pretrain", file, "--run", "greys");
    expect(fresh.err).toContain(hint);
    expect(readFileSync(join(shop.run("greys"), "log.txt"), "utf8")).toContain(`Z ${hint}`);
    const resumed = await shop.succeed("resume", "greys", "--steps", "3");
    const finetuned = await shop.succeed("finetune", file, "--from", "greys");
    for (const { err } of [resumed, finetuned]) expect(err).not.toContain("are grey");
    for (const { err } of [fresh, resumed, finetuned]) expect(err.match(/1 HEIC image/g)).toHaveLength(1);
  });

  it("gets a name of its own when none is given", async () => {
    const [first, second] = await Promise.all([
      shop.succeed("pretrain", "tiny.maskdm.yaml", "--steps", "2"),
      shop.succeed("pretrain", "tiny.maskdm.yaml", "--steps", "2", "--runs-dir", "other runs"),
    ]);
    expect(first.out).toMatch(/^runs\/\d{4}-\d\d-\d\d-tiny-pretrain-01\n$/);
    expect(second.out).toMatch(/^other runs\/\d{4}-\d\d-\d\d-tiny-pretrain-01\n$/);
    const third = await shop.succeed("pretrain", "tiny.maskdm.yaml", "--steps", "2");
    expect(third.out).toBe(first.out.replace("01\n", "02\n"));
  });
});

describe("no run is begun, and no folder left behind, for", () => {
  const brokenImages = () => {
    mkdirSync(shop.path("broken"));
    for (const name of ["a.png", "b.png", "c.jpg"]) writeFileSync(shop.path("broken", name), "no picture");
  };
  const emptyFolder = () => mkdirSync(shop.path("empty"));
  const existingRun = () => mkdirSync(shop.path("runs", "Taken"), { recursive: true });

  it.each<[what: string, args: string[], message: RegExp, prepare?: () => void]>([
    ["a key that there is not", ["--set", "pretrain.stesp=5"], /pretrain\.stesp/],
    ["a value out of range", ["--set", "mask.rate=1.5"], /mask\.rate/],
    ["an override without a value", ["--set", "mask.rate"], /must read key=value/],
    ["a count of steps that is none", ["--steps", "0"], /at least 1/],
    ["a name that is taken", ["--run", "taken"], /Taken exists already\. Choose another --run/, existingRun],
    ["a name that is a path", ["--run", "../up"], /cannot name a run/],
    [
      "a patch that does not divide the image",
      ["--set", "model.patch_size=3"],
      /tiny\.maskdm\.yaml:\d+:\d+: error MDM\d+/,
    ],
    ["micro-batches that do not divide the batch", ["--set", "pretrain.micro_batch_size=3"], /micro_batch_size 3.*8/],
    ["a folder of images that is not there", ["--set", "data.path=nowhere"], /nowhere/],
    [
      "a folder without images",
      ["--set", "data.path=empty"],
      /error MDM102 data\.path: the folder "empty" holds no images/,
      emptyFolder,
    ],
    ["images of which too many are broken", ["--set", "data.path=broken"], /a\.png: /, brokenImages],
    [
      "more classes than the model has",
      ["--set", "data.path=labelled", "--set", "data.labels=folders", "--set", "model.num_classes=2"],
      /error MDM106 model\.num_classes is 2, but the images lie in 3 folders/,
    ],
  ])("%s", async (_, args, message, prepare) => {
    prepare?.();
    const runs = () => (existsSync(shop.path("runs")) ? readdirSync(shop.path("runs")).sort() : []);
    const before = runs();
    const { exitCode, out, err } = await shop.maskdm("pretrain", "tiny.maskdm.yaml", ...args);
    expect({ exitCode, out }, err).toEqual({ exitCode: 2, out: "" });
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n {4}at |unexpected/);
    expect(runs()).toEqual(before);
  });
});
