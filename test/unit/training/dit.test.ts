/** The DiT takes the whole way: pretraining on masked images, a resume, finetuning, sampling. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { experimentSchema } from "../../../src/core/experiment/schema.ts";
import { parameterSpecs } from "../../../src/core/model/backbones.ts";
import { modelShape } from "../../../src/core/model/shape.ts";
import { readSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { differences, learning, newestCheckpoint, QUICK, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const STEPS = 60;
const EXPERIMENT = tinyExperiment({
  data: { path: "images", image_size: 16, labels: "folders" },
  model: { backbone: "dit", patch_size: 4, embed_dim: 32, depth: 2, num_heads: 2, num_classes: 2 },
  mask: { strategy: "patch", rate: 0.5 },
  diffusion: { prediction: "v" },
  pretrain: { ...QUICK, steps: STEPS, batch_size: 16, lr: 3e-3, log_every: 5, checkpoint_every: 20 },
  finetune: { ...QUICK, steps: 20, batch_size: 8, lr: 1e-3, log_every: 5 },
  sample: { count: 4, steps: 4 },
});

describe("a run with backbone dit", () => {
  beforeAll(async () => {
    await writeImages(shop.path("images"), { count: 24, size: 16, classes: ["cats", "dogs"] });
    shop.experiment("dit", EXPERIMENT);
    await shop.succeed("pretrain", "dit.maskdm.yaml", "--run", "whole");
  });

  it("learns, and its checkpoint holds the published tensors and the positions", () => {
    const lines = learning(shop.run("whole"));
    expect(lines.at(-1)!.loss!).toBeLessThan(0.85 * lines[0]!.loss!);
    const { tensors } = readSafetensors(join(newestCheckpoint(shop.run("whole")).dir, "model.safetensors"));
    const names = parameterSpecs(modelShape(experimentSchema.parse(EXPERIMENT))).map(({ name }) => name);
    expect([...tensors.keys()].sort()).toEqual([...names, "pos_embed"].sort());
    expect(tensors.get("pos_embed")!.shape).toEqual([1, 16, 32]);
  });

  it("goes on after a stop as if there had been none", async () => {
    await shop.succeed("pretrain", "dit.maskdm.yaml", "--run", "parts", "--steps", "20");
    await shop.succeed("resume", "parts", "--steps", String(STEPS));
    expect(differences(shop.run("whole"), shop.run("parts"))).toEqual([]);
    expect(learning(shop.run("parts"))).toEqual(learning(shop.run("whole")));
  });

  it("is finetuned and draws", async () => {
    await shop.succeed("finetune", "dit.maskdm.yaml", "--from", "whole", "--run", "fine");
    const { out } = await shop.succeed("sample", "fine", "--label", "1");
    expect(readFileSync(out.trim()).subarray(1, 4).toString()).toBe("PNG");
  });

  it("weights of the other network are refused before anything is trained", async () => {
    const { exitCode, err } = await shop.maskdm(
      ...["finetune", "dit.maskdm.yaml", "--from", "whole", "--set", "model.backbone=uvit"],
    );
    expect(exitCode).toBe(2);
    expect(err).toContain("model.backbone is uvit, but");
    expect(err).toContain("it is another network");
  });
});
