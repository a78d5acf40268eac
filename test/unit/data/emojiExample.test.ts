/** The data set that ships with the repository. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stageFacts } from "../../../src/core/cost/stageFacts.ts";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import { lintExperiment } from "../../../src/core/lint/lint.ts";
import { openDataset } from "../../../src/trainer/data/dataset.ts";
import { temporaryFolder } from "./testFolder.ts";

const FOLDER = join(import.meta.dirname, "../../../examples/emoji");
const TEXT = readFileSync(join(FOLDER, "emoji.maskdm.yaml"), "utf8");

describe("examples/emoji", () => {
  it("has an experiment file without errors", () => {
    expect(lintExperiment(TEXT).filter(({ severity }) => severity === "error")).toEqual([]);
  });

  it("has one with a mask that changes, from 0.9 to whole images, without errors or warnings", () => {
    const text = readFileSync(join(FOLDER, "schedule.maskdm.yaml"), "utf8");
    expect(lintExperiment(text).filter(({ severity }) => severity !== "info")).toEqual([]);
    const parsed = parseExperiment(text);
    if (!parsed.ok) throw new Error("the experiment file has errors");
    const facts = stageFacts(parsed.experiment, "pretrain", null)!;
    expect(facts.pieces.map(({ from, config, geometry }) => [from, config.rate, geometry.visibleTokens])).toEqual([
      [0, 0.9, 7],
      [600, 0.5, 32],
      [900, 0, 64],
    ]);
    expect(Math.round(1 / facts.pieces[0]!.relativeCost)).toBe(9);
  });

  it("has about a thousand different images in seven classes, all readable, in few megabytes", async () => {
    const parsed = parseExperiment(TEXT);
    if (!parsed.ok) throw new Error("the experiment file has errors");
    const { data } = parsed.experiment;
    const cacheDir = temporaryFolder();
    const dataset = await openDataset({ ...data, labels: "folders" }, FOLDER, { cacheDir });
    expect(dataset.count).toBe(1039);
    expect(dataset.broken).toEqual([]);
    expect(dataset.classes).toEqual(["activities", "animals", "food", "objects", "people", "smileys", "travel"]);
    const pixels = Buffer.alloc(dataset.count * dataset.imageBytes);
    dataset.readInto(
      Uint32Array.from({ length: dataset.count }, (_, i) => i),
      pixels,
    );
    const different = new Set(
      dataset.images.map((_, i) => pixels.toString("latin1", i * dataset.imageBytes, (i + 1) * dataset.imageBytes)),
    );
    expect(different.size).toBe(dataset.count);
    const bytes = dataset.images.reduce((sum, { path }) => sum + statSync(join(FOLDER, data.path, path)).size, 0);
    expect(bytes).toBeLessThan(2e6);
    for (const { path } of dataset.images) expect(path).toMatch(/^[a-z]+\/[a-z0-9]+(-[a-z0-9]+)*\.png$/);
    dataset.close();
  });

  it("keeps the notice of the artwork", () => {
    expect(readFileSync(join(FOLDER, "LICENSE"), "utf8")).toContain("Apache License");
    expect(readFileSync(join(FOLDER, "NOTICE"), "utf8")).toMatch(
      /Noto Emoji[\s\S]*googlefonts\/noto-emoji[\s\S]*emoji-datasource-google/,
    );
  });
});
