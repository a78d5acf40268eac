/** Drawing images from runs, on request and while they train. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parseDrawing } from "../../../src/core/run/drawing.ts";
import { readPngText } from "../../../src/node/run/pngText.ts";
import { QUICK, statusOf, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const samplesOf = (id: string): string => join(shop.run(id), "samples");

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 8, size: 8, classes: ["a", "b"] });
  const experiment = tinyExperiment({
    data: { path: "images", image_size: 8, labels: "folders" },
    model: { patch_size: 2, embed_dim: 16, depth: 3, num_heads: 2, num_classes: 2 },
    diffusion: { timesteps: 50 },
    sample: { steps: 3, count: 4 },
    pretrain: { ...QUICK, steps: 5 },
  });
  shop.experiment("classes", experiment);
  await shop.succeed("pretrain", "classes.maskdm.yaml", "--run", "drawn");
});

describe("maskdm sample", () => {
  it("writes each way of drawing to a file of its own, and the same one again to the same bytes", async () => {
    const ways = [[], ["--label", "0"], ["--label", "1"], ["--count", "9"], ["--eta", "0"], ["--weights", "raw"]];
    const more = [["--set", "sample.clip=false"], ["--set", "engine.backend=tfjs"], ["--trajectory"]];
    const draw = (way: readonly string[]) => shop.succeed("sample", "drawn", "--json", ...way);
    const results = [];
    for (const way of [...ways, ...more]) results.push(JSON.parse((await draw(way)).out));
    const pictures = results.map(({ png }) => readFileSync(png));
    const whole = readdirSync(samplesOf("drawn")).sort();
    // The grid with the trajectory is the first one again.
    expect(new Set(results.map(({ png }) => png)).size).toBe(results.length - 1);
    expect(pictures.at(-1)!.equals(pictures[0]!)).toBe(true);
    expect(whole.length).toBe(results.length);
    expect(basename(results[1].png)).toBe("step-00000005-ddim-3-eta-1-seed-0-count-4-label-0.png");
    expect(basename(results[7].png)).toBe("step-00000005-ddim-3-eta-1-seed-0-count-4-2.png");
    expect(basename(results[8].trajectory)).toBe("step-00000005-ddim-3-eta-1-seed-0-count-4-trajectory.png");
    const again = JSON.parse((await draw(ways[1]!)).out);
    expect(again).toEqual(results[1]);
    expect(readFileSync(again.png).equals(pictures[1]!)).toBe(true);
    expect(readdirSync(samplesOf("drawn")).sort()).toEqual(whole);
    const said = parseDrawing(readPngText(again.png, "maskdm")!);
    expect(said).toMatchObject({ ok: true, value: { run: "drawn", step: 5, label: 0, steps: 3, eta: 1, count: 4 } });
  }, 60_000);

  it("guides images towards their class, where that is asked for, and counts what it takes", async () => {
    const draw = async (...way: string[]) => {
      const { out, err } = await shop.succeed("sample", "drawn", "--json", ...way);
      const { png } = JSON.parse(out);
      const passes = Number(/\/(\d+) evaluations/.exec(err)?.[1]);
      return { name: basename(png), passes, pixels: readFileSync(png).toString("base64") };
    };
    const plain = await draw();
    expect(plain.passes).toBe(12);
    expect(await draw("--guidance", "1")).toEqual(plain);
    const guided = await draw("--guidance", "3");
    expect(guided).toMatchObject({ name: "step-00000005-ddim-3-eta-1-guidance-3-seed-0-count-4.png", passes: 24 });
    // Of the times 49, 32 and 15 the last one is in it.
    const late = await draw("--guidance", "3", "--set", "sample.guidance_interval=[0, 0.5]");
    const name = "step-00000005-ddim-3-eta-1-guidance-3-from-0-to-0.5-seed-0-count-4.png";
    expect(late).toMatchObject({ name, passes: 16 });
    const without = await draw("--guidance", "0");
    expect(without.passes).toBe(12);
    expect(new Set([plain, guided, late, without].map(({ pixels }) => pixels)).size).toBe(4);
    const said = parseDrawing(readPngText(join(samplesOf("drawn"), name), "maskdm")!);
    expect(said).toMatchObject({ ok: true, value: { guidance: { scale: 3, from: 0, to: 0.5 } } });
    expect(readPngText(join(samplesOf("drawn"), plain.name), "maskdm")).not.toContain('guidance":{');
  }, 60_000);

  it("says how often Heun's method has asked the network", async () => {
    const { out } = await shop.succeed("sample", "drawn", "--json", "--sampler", "heun", "--steps", "4");
    const { png, steps, eta } = JSON.parse(out);
    expect([basename(png), steps, eta]).toEqual(["step-00000005-heun-3-seed-0-count-4.png", 3, null]);
  });

  it("writes single images for an evaluation, and prints where everything is", async () => {
    const { out } = await shop.succeed("sample", "drawn", "--images", "--count", "3", "--out", "made/faces.png");
    expect(out.trim().split("\n")).toEqual([shop.path("made", "faces.png"), shop.path("made", "faces")]);
    expect(readdirSync(shop.path("made", "faces")).sort()).toEqual(["00000.png", "00001.png", "00002.png"]);
  });

  it.each([
    [["--steps", "51"], "51 steps are more than the 50 timesteps", "Ask for 50 steps, or fewer."],
    [["--set", "sample.steps=51"], "51 steps are more than the 50 timesteps", "Ask for 50 steps, or fewer."],
    [["--sampler", "dpmpp_2m", "--eta", "0.5"], "sample.eta 0.5 has no effect: dpmpp_2m adds no noise", "Leave it out"],
    [
      ["--sampler", "heun", "--steps", "100"],
      "100 steps are more than the 99 that heun makes of the 50",
      "Ask for 99 steps",
    ],
    [["--sampler", "euler", "--eta", "0.5"], "sample.eta 0.5 has no effect: euler adds no noise", "Leave it out"],
    [["--sampler", "ancestral", "--eta", "0.5"], "ancestral sampling always adds its full noise", "use sampler ddim"],
    [["--set", "sample.guidance_interval=[0, 0.5]"], "has no effect: guidance is 1", "the class as it was learned"],
    [["--guidance", "-1"], "--guidance", "at least 0"],
    [["--trajectory", "4"], "there are 3 steps to show", "Use --trajectory 3, or fewer."],
    [["--out", "images"], "is a folder", "Name a file in it"],
    [["--out", "a.gif"], "pictures are written as PNG", "ends in .png"],
  ])("refuses %j before it draws", async (args, problem, remedy) => {
    const { exitCode, err } = await shop.maskdm("sample", "drawn", ...args);
    expect(exitCode, err).toBe(2);
    expect(err).toContain(problem);
    expect(err).toContain(remedy);
    expect(err).not.toContain("evaluations");
  });

  it("leaves a file that a user names as it is, unless told to replace it", async () => {
    const file = shop.path("precious.png");
    writeFileSync(file, "precious");
    const refused = await shop.maskdm("sample", "drawn", "--out", "precious.png");
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toContain("is left as it is. Choose another --out, or replace it with --overwrite.");
    expect(readFileSync(file, "utf8")).toBe("precious");
    await shop.succeed("sample", "drawn", "--out", "precious.png", "--overwrite");
    await shop.succeed("sample", "drawn", "--out", "precious.png");
    expect((await shop.maskdm("sample", "drawn", "--out", "precious.png", "--seed", "1")).exitCode).toBe(2);
  });

  it("counts the steps that are taken where the file of the run asks for more than there are", async () => {
    const experiment = tinyExperiment({ diffusion: { timesteps: 4 }, pretrain: { ...QUICK, steps: 1 } });
    shop.experiment("few", experiment);
    await shop.succeed("pretrain", "few.maskdm.yaml", "--run", "few");
    const { out } = await shop.succeed("sample", "few", "--json", "--trajectory");
    expect(JSON.parse(out)).toMatchObject({ steps: 4, count: 16 });
    expect(basename(JSON.parse(out).png)).toMatch(/^step-00000001-ddim-4-/);
  });
});

describe("the grids of a run that trains", () => {
  const due = ["--set", "pretrain.sample_every=5"];

  it("do not end it where they cannot be drawn, and a resume goes on, too", async () => {
    await shop.succeed("pretrain", "classes.maskdm.yaml", "--run", "blocked");
    mkdirSync(join(samplesOf("blocked"), "step-00000005.png"));
    mkdirSync(join(samplesOf("blocked"), "step-00000010.png"));
    const { err } = await shop.succeed("resume", "blocked", "--steps", "10", ...due);
    expect(statusOf(shop.run("blocked"))).toMatchObject({ state: "finished", step: 10 });
    const told = /samples of step 10 could not be drawn, the run goes on: .*step-00000010\.png is a folder/;
    expect(err).toMatch(told);
    expect(readFileSync(join(shop.run("blocked"), "log.txt"), "utf8")).toMatch(told);
    rmSync(join(samplesOf("blocked"), "step-00000010.png"), { recursive: true });
    await shop.succeed("resume", "blocked", "--steps", "11");
    expect(existsSync(join(samplesOf("blocked"), "step-00000010.png"))).toBe(true);
  }, 60_000);

  it("end it where the disk refuses them", async () => {
    await shop.succeed("pretrain", "classes.maskdm.yaml", "--run", "refused");
    rmSync(samplesOf("refused"), { recursive: true });
    writeFileSync(samplesOf("refused"), "");
    const { exitCode, err } = await shop.maskdm("resume", "refused", "--steps", "10", ...due);
    expect(exitCode, err).toBe(1);
    expect(err).toMatch(/error: Cannot write .*step-00000005\.png: a file is in the way/);
  }, 60_000);

  it("are drawn by a resume unless their last page is there", async () => {
    await shop.succeed("pretrain", "classes.maskdm.yaml", "--run", "paged", ...due);
    const page = (number: number) => join(samplesOf("paged"), `step-00000005-page-${number}-of-2.png`);
    const grid = join(samplesOf("paged"), "step-00000005.png");
    renameSync(grid, page(1));
    await shop.succeed("resume", "paged", "--steps", "6");
    expect(existsSync(grid)).toBe(true);
    rmSync(join(samplesOf("paged"), "step-00000006.png"));
    writeFileSync(join(samplesOf("paged"), "step-00000006-page-2-of-2.png"), "");
    await shop.succeed("resume", "paged", "--steps", "7");
    expect(existsSync(join(samplesOf("paged"), "step-00000006.png"))).toBe(false);
    expect(existsSync(join(samplesOf("paged"), "step-00000007.png"))).toBe(true);
  }, 60_000);
});
