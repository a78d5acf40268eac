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
  /** what is told of each cell that fails, at once and at the end */
  readonly told: RegExp;
  readonly states: readonly string[];
}

const DRAWN = { diffusion: { timesteps: 20 }, sample: { steps: 20 } };
const images = (other: string): string => `axes: {data.path: [${other}, images]}\nstages: [pretrain]\nseeds: 1\n`;
const EVALUATED = "evaluate: {samples: 50, space: random-convolutions}\n";

const CASES: readonly Case[] = [
  {
    name: "three images, in training",
    study: `${images("three")}metric: held_out_loss\n`,
    told: /XX/,
    states: ["failed", "done"],
  },
  {
    name: "three images, evaluated",
    base: DRAWN,
    study: `${images("three")}${EVALUATED}`,
    told: /XX/,
    states: ["failed", "done"],
  },
  {
    name: "identical images, in training",
    study: `${images("same")}metric: held_out_loss\n`,
    told: /XX/,
    states: ["failed", "done"],
  },
  {
    name: "identical images, evaluated",
    base: DRAWN,
    study: `${images("same")}${EVALUATED}`,
    told: /XX/,
    states: ["failed", "done"],
  },
  {
    name: "a training that diverges",
    base: { pretrain: { ...QUICK, steps: 400, held_out_every: 400 } },
    study: "axes: {pretrain.lr: [1, 1e-3]}\nstages: [pretrain]\nseeds: 1\nmetric: held_out_loss\n",
    told: /XX/,
    states: ["failed", "done"],
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
  for (const [at, { name, base, study: text, told, states }] of CASES.entries()) {
    it(`${name}: says so, and goes on with the rest`, async ({ expect }) => {
      const study = new StudyAtWork(shop, `bad${at}`, text);
      studyBase(shop, study.name, base);
      const { exitCode, err } = await study.command("run");
      console.log(name, exitCode, err, (await study.command("status")).out, await study.states());
      expect(exitCode, err).toBe(states.includes("failed") ? 1 : 0);
      expect(err).toMatch(told);
      expect(err).not.toMatch(/unexpected|\n {4}at /);
      expect(await study.states()).toEqual(states);
    }, 120_000);
  }
});
