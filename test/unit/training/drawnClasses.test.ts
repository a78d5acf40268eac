/** Runs of which certain classes are drawn and measured. */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { parseDrawing } from "../../../src/core/run/drawing.ts";
import { type Evaluation, readEvaluations } from "../../../src/core/run/evaluations.ts";
import { readPngText } from "../../../src/node/run/pngText.ts";
import { QUICK, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const experiment = tinyExperiment({
  data: { path: "images", image_size: 8, labels: "folders" },
  model: { patch_size: 2, embed_dim: 16, depth: 3, num_heads: 2, num_classes: 2 },
  diffusion: { timesteps: 50 },
  sample: { steps: 3, count: 4, classes: ["b"], guidance: 2 },
  pretrain: { ...QUICK, steps: 5, sample_every: 5, evaluate_every: 5, evaluate_samples: 50 },
});

const drawingIn = (file: string) => {
  const parsed = parseDrawing(readPngText(file, "maskdm")!);
  return parsed.ok ? parsed.value : parsed.reason;
};

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 50, size: 8, classes: ["a", "b"] });
  shop.experiment("classes", experiment);
  await shop.succeed("pretrain", "classes.maskdm.yaml", "--run", "drawn");
}, 60_000);

describe("sample.classes", () => {
  it("are drawn, and measured against their images, while a run trains and afterwards", async () => {
    expect(drawingIn(join(shop.run("drawn"), "samples", "step-00000005.png"))).toMatchObject({ label: 1 });
    const [made] = readEvaluations(readFileSync(join(shop.run("drawn"), "evaluations.jsonl"), "utf8"));
    expect(made).toMatchObject({ classes: ["b"], trainingImages: 25, trainingImagesOf: 25 });
    expect(made).toMatchObject({ guidance: { scale: 2, from: 0, to: 1 } });
    const evaluate = async (...set: string[]) => {
      const { out } = await shop.succeed("evaluate", "drawn", "--json", "--samples", "50", ...set);
      return (JSON.parse(out) as [Evaluation])[0];
    };
    const again = await evaluate();
    expect([again.kid, again.data]).toEqual([made!.kid, made!.data]);
    const all = await evaluate("--set", "sample.classes=null");
    expect(all.trainingImages).toBe(50);
    expect(all).not.toHaveProperty("classes");
    expect(all.data).not.toBe(made!.data);
  }, 60_000);

  it("take turns in their order, and one alone is what --label draws", async () => {
    const draw = async (...options: string[]) => {
      const { out } = await shop.succeed("sample", "drawn", "--json", "--images", ...options);
      const { png, images, label } = JSON.parse(out);
      const pixels = (image: number) =>
        sharp(join(images, `0000${image}.png`))
          .raw()
          .toBuffer();
      return { png, label, pixels: await Promise.all([0, 1, 2, 3].map(pixels)) };
    };
    const [own, a, b] = [await draw(), await draw("--label", "a"), await draw("--label", "b")];
    expect([own.label, a.label, b.label]).toEqual([1, 0, 1]);
    expect(own).toEqual(b);
    const turns = await draw("--set", "sample.classes=[b, 0]");
    expect(basename(turns.png)).toBe("step-00000005-ddim-3-eta-1-guidance-2-seed-0-count-4-labels-1-0.png");
    expect(turns.label).toBeNull();
    expect(turns.pixels).toEqual([b.pixels[0], a.pixels[1], b.pixels[2], a.pixels[3]]);
    expect(a.pixels[0]).not.toEqual(b.pixels[0]);
    expect(drawingIn(turns.png)).toMatchObject({ label: "turns", classes: [1, 0] });
  }, 60_000);

  it("are refused where there is no such class, before anything is done", async () => {
    const unknown = ["--set", "sample.classes=[c]"];
    for (const command of [
      ["sample", "drawn"],
      ["evaluate", "drawn"],
      ["pretrain", "classes.maskdm.yaml"],
    ]) {
      const { exitCode, err } = await shop.maskdm(...command, ...unknown);
      expect(exitCode, err).toBe(2);
      expect(err).toContain("sample.classes c: no class has this name; the model has the classes 0 to 1.");
    }
  }, 60_000);
});
