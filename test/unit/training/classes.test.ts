/** Which label an image is trained with, when folders come, go, are renamed or have numbers for names. */
import { copyFileSync, cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { newestCheckpoint, QUICK, recordOf, statusOf, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const FILE = "colours.maskdm.yaml";
const COLOURS = ["blue", "green", "red"];
const STAGE = { ...QUICK, steps: 10 };

beforeAll(async () => {
  await writeImages(shop.path("three"), { count: 9, size: 8, classes: COLOURS });
  await writeImages(shop.path("two"), { count: 6, size: 8, classes: ["green", "red"] });
  await writeImages(shop.path("numbers"), { count: 8, size: 8, classes: ["1", "2", "10", "100"] });
  const { model, ...rest } = tinyExperiment({ pretrain: STAGE, finetune: STAGE });
  const conditional = (path: string, num_classes: number) => ({
    ...rest,
    data: { path, image_size: 8, labels: "folders" as const },
    model: { ...model, num_classes },
  });
  shop.experiment("colours", conditional("three", 3));
  shop.experiment("more", conditional("three", 5));
  shop.experiment("numbers", conditional("numbers", 4));
  await Promise.all([
    shop.succeed("pretrain", FILE, "--run", "three"),
    shop.succeed("pretrain", "numbers.maskdm.yaml", "--run", "numbers"),
  ]);
});

/** Class numbers whose embeddings a run's steps have moved: the moments of the others have stayed 0. */
function trainedClasses(id: string): number[] {
  const { dir } = newestCheckpoint(shop.run(id));
  const { shape, data } = readSafetensors(join(dir, "optimizer.safetensors")).tensors.get(
    "exp_avg_sq.encoder.label_emb.weight",
  )!;
  const [classes = 0, width = 0] = shape;
  const isMoved = (row: number) => data.subarray(row * width, (row + 1) * width).some((value) => value !== 0);
  return Array.from({ length: classes }, (_, row) => row).filter(isMoved);
}

/** As a version would have left it that did not record names. */
function forgetClasses(id: string): void {
  const states = readdirSync(join(shop.run(id), "checkpoints")).map((name) => `checkpoints/${name}/state.json`);
  for (const name of ["run.json", ...states]) {
    const path = join(shop.run(id), name);
    const { classes: _, ...rest } = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify(rest));
  }
}

/** Folders of images of a copy of "three", after a change. */
function changed(name: string, change: (folder: string) => void): string {
  cpSync(shop.path("three"), shop.path(name), { recursive: true });
  change(shop.path(name));
  return `data.path=${name}`;
}

describe("names of classes", () => {
  it("are recorded in the run, its checkpoints, their weights and its log", async () => {
    expect(recordOf(shop.run("three")).classes).toEqual(COLOURS);
    const { dir, state } = newestCheckpoint(shop.run("three"));
    expect(state.classes).toEqual(COLOURS);
    const { metadata } = readSafetensors(join(dir, "model.safetensors"));
    expect(JSON.parse(metadata["classes"]!)).toEqual(COLOURS);
    expect(readFileSync(join(shop.run("three"), "log.txt"), "utf8")).toContain('classes: 0 "blue", 1 "green", 2 "red"');
    const { out } = await shop.succeed("runs", "--json");
    expect(JSON.parse(out)).toContainEqual(expect.objectContaining({ id: "three", classes: COLOURS }));
  });

  it("that are numbers are in their order", () => {
    expect(recordOf(shop.run("numbers")).classes).toEqual(["1", "2", "10", "100"]);
  });
});

describe("a finetune", () => {
  it("gives a folder the number that its name has, and says so", async () => {
    const { err } = await shop.succeed("finetune", FILE, "--from", "three", "--run", "two", "--set", "data.path=two");
    expect(err).toContain('classes as in three, whatever the order of the folders: 1 "green", 2 "red"');
    expect(err).toContain('classes of three without images here: 0 "blue"');
    // Nothing is wrong with a part of the classes.
    expect(err).not.toContain("MDM106");
    expect(trainedClasses("two")).toEqual([1, 2]);
    expect(recordOf(shop.run("two")).classes).toEqual(COLOURS);
    const { out } = await shop.succeed("sample", "two", "--label", "green", "--count", "1", "--steps", "1", "--json");
    expect(JSON.parse(out)).toMatchObject({ label: 1, classes: COLOURS });
  });

  it("does so from weights that were copied out of their run", async () => {
    copyFileSync(join(newestCheckpoint(shop.run("three")).dir, "model.safetensors"), shop.path("bare.safetensors"));
    const from = ["--from", "bare.safetensors", "--run", "bare"];
    await shop.succeed("finetune", FILE, ...from, "--set", "data.path=two");
    expect(trainedClasses("bare")).toEqual([1, 2]);
  });

  it("is previewed with the same numbers", async () => {
    const set = ["--set", "data.path=two", "--set", "finetune.from=runs/three"];
    const { out, err } = await shop.succeed("preview", FILE, "--stage", "finetune", ...set, "--json");
    expect(err).toContain('1 "green", 2 "red"');
    const { images } = JSON.parse(out) as { images: { path: string; label: number; class: string }[] };
    for (const image of images) expect(image).toMatchObject({ label: COLOURS.indexOf(image.class) });
    expect(new Set(images.map(({ class: name }) => name))).toEqual(new Set(["green", "red"]));
  });

  it("gives a new class a free number, and is refused before anything is decoded where there is none", async () => {
    const set = changed("four", (folder) => cpSync(join(folder, "red"), join(folder, "amber"), { recursive: true }));
    const full = await shop.maskdm("finetune", FILE, "--from", "three", "--run", "full", "--set", set);
    expect(full).toMatchObject({ exitCode: 2, out: "" });
    expect(full.err).toMatch(/colours\.maskdm\.yaml:\d+:\d+: error MDM118 .*"amber" is not among the classes of three/);
    expect(full.err).toContain('"blue" 0 → 1, "green" 1 → 2, "red" 2 → 3, "amber" none → 0');
    expect(full.err).not.toContain("decoding");

    await shop.succeed("pretrain", "more.maskdm.yaml", "--run", "more");
    await shop.succeed("finetune", "more.maskdm.yaml", "--from", "more", "--run", "added", "--set", set);
    expect(recordOf(shop.run("added")).classes).toEqual([...COLOURS, "amber"]);
    expect(trainedClasses("added")).toEqual([0, 1, 2, 3]);
  });

  it("numbers them anew on request", async () => {
    const set = changed("others", (folder) => {
      for (const name of COLOURS) renameSync(join(folder, name), join(folder, `z${name}`));
    });
    const ask = ["--set", set, "--set", "finetune.classes=new"];
    await shop.succeed("finetune", FILE, "--from", "three", "--run", "others", ...ask);
    expect(recordOf(shop.run("others")).classes).toEqual(["zblue", "zgreen", "zred"]);
  });

  it("takes no more classes than the weights have, and every remedy that is told for that works", async () => {
    const set = changed("many", (folder) => {
      for (const name of COLOURS) renameSync(join(folder, name), join(folder, `z${name}`));
      cpSync(join(folder, "zred"), join(folder, "amber"), { recursive: true });
    });
    const start = ["finetune", FILE, "--from", "three", "--set", set];
    const refusals: [readonly string[], RegExp][] = [
      [
        [],
        /MDM118 .*finetune\.classes: new, and leave out all but 3 with data\.ignore, as these weights have no more\./,
      ],
      [
        ["finetune.classes=new"],
        /MDM106 .*three was trained with 3: leave folders out with data\.ignore, or finetune what/,
      ],
      [["finetune.classes=new", "model.num_classes=4"], /MDM802 model\.num_classes is 4, but three was trained with 3/],
    ];
    for (const [changes, told] of refusals) {
      const { exitCode, err } = await shop.maskdm(...start, ...changes.flatMap((change) => ["--set", change]));
      expect(exitCode).toBe(2);
      expect(err).toMatch(told);
      expect(err).not.toContain("decoding");
    }
    const remedy = ["--set", "finetune.classes=new", "--set", "data.ignore=[amber]"];
    await shop.succeed(...start, "--run", "without-amber", ...remedy);
    expect(recordOf(shop.run("without-amber")).classes).toEqual(["zblue", "zgreen", "zred"]);
  });

  it("from a run that does not record names says so, and numbers by bytes as that version did", async () => {
    cpSync(shop.run("numbers"), shop.run("old"), { recursive: true });
    forgetClasses("old");
    const { err } = await shop.succeed("finetune", "numbers.maskdm.yaml", "--from", "old", "--run", "of-old");
    expect(err).toContain('old does not say which class has which number; by the bytes of their names: 0 "1", 1 "10"');
    expect(recordOf(shop.run("of-old")).classes).toEqual(["1", "10", "100", "2"]);
  });
});

describe("a resume", () => {
  it("keeps the numbers of a run whose folders went", async () => {
    const set = changed("fewer", (folder) => rmSync(join(folder, "blue"), { recursive: true }));
    cpSync(shop.run("three"), shop.run("going-on"), { recursive: true });
    const { err } = await shop.succeed("resume", "going-on", "--steps", "20", "--set", set);
    expect(err).toContain('1 "green", 2 "red"');
    expect(recordOf(shop.run("going-on")).classes).toEqual(COLOURS);
  });

  it("is refused where a folder was renamed, with the mapping and a remedy, and leaves the run as it was", async () => {
    const set = changed("renamed", (folder) => renameSync(join(folder, "blue"), join(folder, "zblue")));
    cpSync(shop.run("three"), shop.run("renamed"), { recursive: true });
    const { exitCode, err } = await shop.maskdm("resume", "renamed", "--steps", "20", "--set", set);
    expect(exitCode).toBe(2);
    expect(err).toContain('"blue" is gone and "zblue" has come');
    expect(err).toContain('"blue" 0 → no folder, "green" 1 → 0, "red" 2 → 1, "zblue" none → 2');
    expect(err).toContain("Give the folders their names back");
    const otherwise = `finetune ${FILE} --from runs/renamed --set finetune.classes=new`;
    expect(err).toContain(`Other classes need a run of their own: maskdm ${otherwise}\n`);
    expect(err).not.toContain("decoding");
    expect(statusOf(shop.run("renamed"))).toMatchObject({ state: "finished", step: 10 });
    expect(newestCheckpoint(shop.run("renamed")).state.step).toBe(10);
    await shop.succeed("resume", "renamed", "--steps", "20");
    await shop.succeed(...otherwise.split(" "), "--set", set);
  });
});

describe("the number of classes", () => {
  it("is compared with the folders before anything is decoded", async () => {
    const set = ["--set", "data.path=three", "--set", "data.image_size=16"];
    const few = await shop.maskdm("pretrain", FILE, "--run", "few", ...set, "--set", "model.num_classes=2");
    expect(few).toMatchObject({ exitCode: 2, out: "" });
    expect(few.err).toMatch(/error MDM106 model\.num_classes is 2, but the images lie in 3 folders: the last one has/);
    expect(few.err).not.toContain("decoding");
  });

  it("is warned of where the model has more", async () => {
    const many = await shop.succeed("pretrain", FILE, "--run", "many", "--set", "model.num_classes=4");
    expect(many.err).toMatch(/warning MDM106 model\.num_classes is 4, but the images lie in 3 folders/);
    expect(recordOf(shop.run("many")).classes).toEqual(COLOURS);
  });
});
