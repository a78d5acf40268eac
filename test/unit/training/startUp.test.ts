import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { StartUp } from "../../../src/trainer/loop/startUp.ts";
import { QUICK, tinyExperiment, Workshop, writeImages } from "./support.ts";

const ALL_PARTS =
  /first step after \d+\.\d s: program \d+ ms, experiment \d+ ms, images \d+ ms, engine \d+ ms, run folder \d+ ms, first step \d+ ms$/;

describe("what a start took", () => {
  it("is told part by part, from the beginning of the process on", () => {
    const times = [210, 390, 1290];
    const startUp = new StartUp(() => times.shift()!);
    for (const part of ["program", "images", "engine"]) startUp.mark(part);
    expect(startUp.line).toBe("first step after 1.3 s: program 210 ms, images 180 ms, engine 900 ms");
  });

  it("is told from the beginning of the session where the process has had one before", () => {
    const times = [60_010, 61_200];
    const startUp = new StartUp(() => times.shift()!, 60_000);
    for (const part of ["program", "engine"]) startUp.mark(part);
    expect(startUp.line).toBe("first step after 1.2 s: program 10 ms, engine 1190 ms");
    const before = performance.now();
    const again = StartUp.again();
    again.mark("program");
    const milliseconds = Number(/program (\d+) ms$/.exec(again.line)?.[1]);
    expect(milliseconds).toBeLessThanOrEqual(Math.ceil(performance.now() - before));
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
    expect(startUps("a")).toEqual([expect.stringMatching(ALL_PARTS)]);
    expect(err).toMatch(/data wait \d+\.\d %/);
  });

  it("that is resumed has it once more, with the same parts", async () => {
    await shop.succeed("pretrain", "tiny.maskdm.yaml", "--run", "b");
    await shop.succeed("resume", "b", "--steps", "8");
    const both = startUps("b");
    expect(both).toHaveLength(2);
    expect(both[1]).toMatch(ALL_PARTS);
  });

  function startUps(run: string): string[] {
    const log = readFileSync(shop.path("runs", run, "log.txt"), "utf8");
    return log.split("\n").filter((line) => line.includes("first step after"));
  }
});
