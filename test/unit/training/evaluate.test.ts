/** `maskdm evaluate` on small runs. */
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { type Evaluation, readEvaluations } from "../../../src/core/run/evaluations.ts";
import { neighboursPicture, readNeighbours } from "../../../src/node/run/evaluations.ts";
import { QUICK, tinyExperiment, until, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const QUICKLY = ["--space", "random-convolutions", "--samples", "70"];

const linesOf = (id: string): string => readFileSync(join(shop.run(id), "evaluations.jsonl"), "utf8");
/** Folder of the samples, of which there is one. */
const drawnOf = (id: string): string =>
  join(shop.run(id), "evaluations", readdirSync(join(shop.run(id), "evaluations"))[0]!);

/** Files of the samples among what is in a folder. */
const pagesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".pixels"))
    .sort();

async function evaluate(id: string, ...options: string[]): Promise<Evaluation> {
  const { out } = await shop.succeed("evaluate", id, "--json", ...QUICKLY, ...options);
  const [result] = JSON.parse(out) as [Evaluation];
  return { ...result, time: "" };
}

async function train(id: string, images: string, holdout = 0): Promise<void> {
  const experiment = tinyExperiment({
    data: { path: images, image_size: 8, holdout },
    diffusion: { timesteps: 20 },
    sample: { steps: 20 },
    pretrain: { ...QUICK, steps: 2 },
  });
  await shop.succeed("pretrain", shop.experiment(id, experiment), "--run", id);
}

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 60, size: 8 });
  await train("all", "images");
  await train("held", "images", 0.5);
}, 60_000);

describe("maskdm evaluate", () => {
  it("measures a run, writes what it found into its folder, and finds the same again with what it kept", async () => {
    const first = await shop.succeed("evaluate", "all", ...QUICKLY);
    expect(first.out).toMatch(
      /^all, pretrain step 2: 70 samples against 60 training images in random-convolutions\n {2}KID /,
    );
    expect(first.out).toContain("half of the training images against the other half");
    expect(first.err).toMatch(/embedding: 60 images/);
    const pageTimes = (): number[] =>
      pagesIn(drawnOf("all")).map((name) => statSync(join(drawnOf("all"), name)).mtimeMs);
    const pages = pageTimes();
    const again = await shop.succeed("evaluate", "all", ...QUICKLY);
    expect(again.out).toBe(first.out);
    expect(again.err).not.toMatch(/embedding: 60 images/);
    expect(pageTimes()).toEqual(pages);

    writeFileSync(join(shop.run("all"), "evaluations.jsonl"), `${linesOf("all")}{"type":"evalu`);
    const third = await evaluate("all");
    const recorded = readEvaluations(linesOf("all"));
    expect(recorded).toHaveLength(3);
    for (const line of recorded) expect({ ...line, time: "" }).toEqual(third);
    expect(third).toMatchObject({ samples: 70, trainingImages: 60, heldOutImages: 0, weights: "ema", step: 2 });
    // A network after two steps draws noise.
    expect(third.kid.low).toBeGreaterThan(0);
    expect(third.coverage).toBeLessThan(0.5);
    expect(first.out).toMatch(/^ {2}border ratio .* ± .*1: no patch borders show$/m);
    expect(first.out).toMatch(/^ {2}near copies .*of training images left out for it$/m);
    // Gradients have no grain, and no white background.
    expect(third.look).toMatchObject({ grain: null, flatBackground: null });
    expect(third.look!.borderRatio!.value).toBeGreaterThan(0.5);
    expect(third.look!.borderRatio!.standardError).toBeGreaterThan(0);
    expect(third.kidHeldOut).toBeNull();
  }, 60_000);

  it("goes on after it was interrupted, and comes to the same numbers", async () => {
    const samples = ["--samples", "512"];
    const drawing = shop.start(["evaluate", "all", ...QUICKLY, ...samples, "--seed", "7"]);
    const folders = (): string[] => readdirSync(join(shop.run("all"), "evaluations"));
    const before = folders();
    const started = () => folders().find((name) => !before.includes(name));
    await until(
      "the first page",
      () =>
        started() !== undefined &&
        readdirSync(join(shop.run("all"), "evaluations", started()!)).some((name) => name.startsWith("samples-")),
    );
    drawing.child.kill("SIGINT");
    expect((await drawing.ended).signal).toBe("SIGINT");
    const folder = join(shop.run("all"), "evaluations", started()!);
    expect(pagesIn(folder).length).toBeLessThan(8);
    const resumed = await evaluate("all", ...samples, "--seed", "7");
    rmSync(folder, { recursive: true });
    expect(await evaluate("all", ...samples, "--seed", "7")).toEqual(resumed);
    expect((await evaluate("all", ...samples, "--seed", "8")).kid).not.toEqual(resumed.kid);
  }, 120_000);

  it("draws a page that is damaged, and embeds features that are, anew", async () => {
    const whole = await evaluate("held");
    const [page] = pagesIn(drawnOf("held"));
    truncateSync(join(drawnOf("held"), page!), 100);
    const cache = shop.path(".maskdm", "cache");
    for (const name of readdirSync(cache)) if (name.endsWith(".features")) truncateSync(join(cache, name), 64);
    expect(await evaluate("held")).toEqual(whole);
    expect(whole.heldOutImages).toBeGreaterThanOrEqual(20);
    expect(whole.trainingImages + whole.heldOutImages).toBe(60);
    expect([whole.kidFloor.against, whole.copying.unseen]).toEqual(["held-out images", "held-out images"]);
    const { kid, kidHeldOut, copying } = whole;
    // Both halves are of one kind.
    expect(Math.abs(kidHeldOut!.value - kid.value)).toBeLessThan(4 * (kid.standardError + kidHeldOut!.standardError));
    expect(kidHeldOut!.value).not.toBe(kid.value);
    expect(copying.nearCopies!.share).toBe(0);
  }, 60_000);

  it("shows the samples that are most like a training image beside it, a planted copy first", async () => {
    await evaluate("held");
    const [page] = pagesIn(drawnOf("held"));
    const pixels = readFileSync(join(drawnOf("held"), page!));
    const images = readdirSync(shop.path("images")).sort();
    const copied = await Promise.all(images.map((name) => sharp(shop.path("images", name)).raw().toBuffer()));
    // Whichever of them were held out: some of them are trained on.
    for (const [i, image] of copied.slice(0, 20).entries()) pixels.set(image, i * image.length);
    writeFileSync(join(drawnOf("held"), page!), pixels);
    const { err } = await shop.succeed("evaluate", "held", ...QUICKLY);
    const [, picture] = /^Samples that are most like a training image, each beside it: (.*\.png)$/m.exec(err) ?? [];
    const evaluation = readEvaluations(linesOf("held")).at(-1)!;
    const { share } = evaluation.copying.nearCopies!;
    expect(share * 70).toBeGreaterThan(4);
    expect(share * 70).toBeLessThanOrEqual(20);
    const place = { dir: shop.run("held"), drawn: evaluation.drawn, name: evaluation.neighbours! };
    expect(picture).toBe(neighboursPicture(place));
    const { pairs, picture: layout, ...found } = readNeighbours(place)!;
    expect(found).toMatchObject({
      samples: 70,
      trainingImages: evaluation.trainingImages,
      space: "random-convolutions",
    });
    expect(pairs).toHaveLength(70);
    const [first] = pairs;
    expect(first).toMatchObject({ image: images[first!.sample], distance: 0, near: true });
    // The sample and, to its right, the same image again.
    const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
    const { imageSize, scale, separator } = layout;
    const pixelAt = (column: number, x: number, y: number): number[] => {
      const left = separator + column * (imageSize * scale + separator) + x * scale;
      return [...data.subarray(3 * ((separator + y * scale) * info.width + left)).subarray(0, 3)];
    };
    for (const column of [0, 1]) {
      for (const [x, y] of [
        [0, 0],
        [5, 2],
        [7, 7],
      ] as const) {
        const at = 3 * (y * imageSize + x);
        expect(pixelAt(column, x, y)).toEqual([...copied[first!.sample]!.subarray(at, at + 3)]);
      }
    }
  }, 60_000);

  it("says where today's images are others than the run learned from, in the result, too", async () => {
    await writeImages(shop.path("changing"), { count: 40, size: 8 });
    await train("changed", "changing");
    const before = await evaluate("changed");
    expect(before.note).toBeUndefined();
    rmSync(shop.path("changing", "image-003.png"));
    const note =
      'the images have changed since the checkpoint (1 removed: "image-003.png"): the run learned from others';
    const { out, err } = await shop.succeed("evaluate", "changed", ...QUICKLY);
    expect(err).toContain(`note: ${note}`);
    expect(out).toContain(`note: ${note}`);
    expect(readEvaluations(linesOf("changed")).at(-1)!.note).toContain(note);
  }, 60_000);

  it("measures the other runs where it cannot measure one, and fails", async () => {
    const runs = ["all", "nowhere", "held"];
    const { exitCode, out, err } = await shop.maskdm("evaluate", ...runs, ...QUICKLY, "--json");
    expect(exitCode, err).toBe(2);
    expect(err).toMatch(/^nowhere: error: .*is neither a path nor the id of a run/m);
    expect(JSON.parse(out).map(({ run }: Evaluation) => run)).toEqual(["all", "held"]);
  }, 60_000);

  it("takes several runs, and the default space", async () => {
    const { out } = await shop.succeed("evaluate", "all", "held", "--samples", "50");
    expect(out).toMatch(/^all, pretrain step 2: 50 samples against 60 training images in efficientnet-lite0$/m);
    expect(out).toMatch(/^held, pretrain step 2: .* in efficientnet-lite0$/m);
    expect(out).toMatch(/Fréchet distance .* in 8 principal components/);
    expect(out).toMatch(/copies .*\(random-convolutions\)/);
  }, 120_000);

  it("says what is wrong with what it is given", async () => {
    await writeImages(shop.path("few"), { count: 12, size: 8 });
    mkdirSync(shop.path("same"));
    for (let i = 0; i < 30; i++) copyFileSync(shop.path("few", "image-000.png"), shop.path("same", `${i}.png`));
    await train("few", "few");
    await train("same", "same");
    cpSync(shop.run("all"), shop.run("bare"), { recursive: true });
    rmSync(join(shop.run("bare"), "checkpoints"), { recursive: true });
    writeFileSync(shop.path("no.onnx"), "hello");
    for (const [args, message] of [
      [["few"], "There are 12 different images among the 12 training images: too few"],
      [["same"], "There is 1 different image among the 30 training images: too few"],
      [["bare"], "has no whole checkpoint"],
      [["nowhere"], "is neither a path nor the id of a run"],
      [["all", "--space", "no.onnx"], "no.onnx is no ONNX file that ONNX Runtime can run"],
      [["all", "--space", "nonsense"], "There is no space nonsense"],
      [["all", "--samples", "10"], "It must be at least 50."],
      [["all", "--set", "sample.guidance=3"], "sample.guidance 3 has no effect: num_classes is 0"],
      [["all", "--set", "sample.steps=21"], "Ask for 20 steps, or fewer."],
    ] as const) {
      const { exitCode, err } = await shop.maskdm("evaluate", ...args);
      expect(err).toContain(message);
      expect(exitCode, err).toBe(2);
      expect(err).not.toContain("drawing:");
    }
    renameSync(shop.path("images"), shop.path("elsewhere"));
    const { exitCode, err } = await shop.maskdm("evaluate", "all", ...QUICKLY);
    expect(exitCode, err).toBe(2);
    renameSync(shop.path("elsewhere"), shop.path("images"));
  }, 120_000);
});
