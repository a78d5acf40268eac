import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { StartUp } from "../../../src/trainer/loop/startUp.ts";
import { QUICK, tinyExperiment, Workshop, writeImages } from "./support.ts";

describe("what a start took", () => {
  it("is told part by part, from the beginning of the process on", () => {
    const times = [210, 390, 1290];
    const startUp = new StartUp(() => times.shift()!);
    for (const part of ["program", "images", "engine"]) startUp.mark(part);
    expect(startUp.line).toBe("first step after 1.3 s: program 210 ms, images 180 ms, engine 900 ms");
  });
});

describe("a run", () => {
  const shop = new Workshop();

  beforeAll(async () => {
    await writeImages(shop.path("images"), { count: 24, size: 8 });
    shop.experiment("tiny", tinyExperiment({ pretrain: { ...QUICK, steps: 6, log_every: 1 } }));
  });

  it("has it in its log once, and in its progress how long the engine waited", async () => {
    const { err } = await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "a");
    const lines = readFileSync(shop.path("runs", "a", "log.txt"), "utf8")
      .split("\n")
      .filter((line) => line.includes("first step after"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /first step after \d+\.\d s: program \d+ ms, experiment \d+ ms, images \d+ ms, engine \d+ ms, run folder \d+ ms, first step \d+ ms$/,
    );
    expect(err).toMatch(/data wait \d+\.\d %/);
  });
});
