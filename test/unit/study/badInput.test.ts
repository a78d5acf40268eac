/** Images and values that no cell can do anything with: what a user is told, how the command ends, and that the other cells go on. */
import { copyFileSync, mkdirSync } from "node:fs";
import { beforeAll, describe, it } from "vitest";
import type { ExperimentInput } from "../../../src/core/experiment/schema.ts";
import { QUICK, Workshop, writeImages } from "../training/support.ts";
import { StudyAtWork, studyBase } from "./studyAtWork.ts";

const shop = new Workshop();

interface Case {
  readonly name: string;
  readonly base?: Partial<ExperimentInput>;
  readonly study: string;
  /** of its first cell, the moment that it fails */
  readonly told: RegExp;
}

const DRAWN = { diffusion: { timesteps: 20 }, sample: { steps: 20 } };
const images = (other: string): string => `axes: {data.path: [${other}, images]}\nstages: [pretrain]\nseeds: 1\n`;
const EVALUATED = "evaluate: {samples: 50, space: random-convolutions}\n";

const CASES: readonly Case[] = [
  {
    name: "three images, evaluated",
    base: DRAWN,
    study: `${images("three")}${EVALUATED}`,
    told: /FAILED path three, seed 0: There are 2 different images among the 2 training images: too few .* Add images to data\.path\./,
  },
  {
    name: "identical images, held out",
    study: `${images("same")}metric: held_out_loss\n`,
    told: /FAILED path same, seed 0: .*all 60 images out of training, which are 1 image and copies: .* add images\./,
  },
  {
    name: "identical images, evaluated",
    base: { ...DRAWN, data: { path: "images", image_size: 8 } },
    study: `${images("same")}${EVALUATED}`,
    told: /FAILED path same, seed 0: There is 1 different image among the 60 training images: too few .* Add images/,
  },
  {
    name: "a training that diverges",
    base: { pretrain: { ...QUICK, steps: 400, held_out_every: 400 } },
    study: "axes: {pretrain.lr: [1, 1e-3]}\nstages: [pretrain]\nseeds: 1\nmetric: held_out_loss\n",
    told: /FAILED lr 1, seed 0: .*the loss was above 3 times .*a lower lr/,
  },
];

beforeAll(async () => {
  await Promise.all([
    writeImages(shop.path("images"), { count: 60, size: 8 }),
    writeImages(shop.path("three"), { count: 3, size: 8 }),
    writeImages(shop.path("one"), { count: 1, size: 8 }),
  ]);
  mkdirSync(shop.path("same"));
  for (let i = 0; i < 60; i++) copyFileSync(shop.path("one", "image-000.png"), shop.path("same", `${i}.png`));
});

describe.concurrent("a study with", () => {
  for (const [at, { name, base, study: text, told }] of CASES.entries()) {
    it(`${name}: says so, and goes on with the rest`, async ({ expect }) => {
      const study = new StudyAtWork(shop, `bad${at}`, text);
      studyBase(shop, study.name, base);
      const { exitCode, err } = await study.command("run");
      expect(exitCode, err).toBe(1);
      expect(err).toMatch(told);
      expect(err).toContain("1 of 2 cells is done, 1 failed.");
      expect(err).not.toMatch(/unexpected|\n {4}at /);
      expect(await study.states()).toEqual(["failed", "done"]);
      expect((await study.command("status")).err).toMatch(/^1 of 2 cells is done, 1 failed\. Failed first: /);
    }, 120_000);
  }
});
