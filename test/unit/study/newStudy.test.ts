import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import { lintStudy } from "../../../src/core/study/lint.ts";
import { ablationText, NIGHT, newStudyText } from "../../../src/core/study/newStudy.ts";
import { readStudy } from "../../../src/core/study/read.ts";
import { experimentFixtures } from "../lint/fixtures.ts";

function about(baseText: string, secondsPerStep: number | null = null, images: number | null = null) {
  const parsed = parseExperiment(baseText);
  if (!parsed.ok) throw new Error(parsed.diagnostics[0]!.message);
  const { experiment } = parsed;
  return { base: "faces.maskdm.yaml", baseText, experiment, images, secondsPerStep: () => secondsPerStep };
}

const SMALL = "data: {path: images, image_size: 32}\nmodel: {patch_size: 4}\nsample: {steps: 50}\n";
const PAPER = "data: {path: images}\nsample: {steps: 50}\n";

/** Of the study in a text that lints without errors or warnings. */
function studyIn(text: string, baseText: string) {
  const found = lintStudy(text, { base: { text: baseText, facts: {} } });
  expect(found.filter(({ severity }) => severity !== "info")).toEqual([]);
  return readStudy(text).study!;
}

describe("a new study", () => {
  it.each(experimentFixtures("good"))("of $name lints clean and varies something", ({ text }) => {
    const study = studyIn(newStudyText(about(text)), text);
    expect(Object.values(study.axes)).toHaveLength(1);
  });

  it("varies the mask rate, by values that show different numbers of tokens", () => {
    // Blocks of 4 on a grid of 8 hide three of four at 0.75 and at 0.9.
    expect(studyIn(newStudyText(about(SMALL)), SMALL).axes).toEqual({ "mask.rate": [0.25, 0.5, 0.9] });
    const block = `${SMALL}mask: {block_size: 4, rate: 0.75}\n`;
    expect(studyIn(newStudyText(about(block)), block).axes).toEqual({ "mask.rate": [0.25, 0.5, 0.75] });
    const none = `${SMALL}mask: {strategy: none}\nfinetune: {lr: 3e-4}\n`;
    expect(studyIn(newStudyText(about(none)), none).axes).toEqual({ "finetune.lr": [1.5e-4, 3e-4, 6e-4] });
  });

  it("draws no more images than there are to compare them with", () => {
    expect(studyIn(newStudyText(about(SMALL, null, 120)), SMALL).evaluate.samples).toBe(120);
    expect(studyIn(newStudyText(about(SMALL, null, 9)), SMALL).evaluate.samples).toBe(50);
  });
});

describe("the paper's ablation", () => {
  const strategies = (base: string) =>
    Object.values(studyIn(ablationText(about(base)), base).axes)[0] as Record<string, unknown>[];

  it("has every strategy whose blocks fit at the three rates", () => {
    expect(strategies(PAPER)).toEqual([
      { "mask.strategy": "patch" },
      { "mask.strategy": "block", "mask.block_size": 2 },
      { "mask.strategy": "block", "mask.block_size": 4 },
      { "mask.strategy": "block", "mask.block_size": 8 },
      { "mask.strategy": "crop" },
    ]);
    expect(studyIn(ablationText(about(PAPER)), PAPER).axes["mask.rate"]).toEqual([0.1, 0.5, 0.9]);
    expect(strategies(`${PAPER}mask: {strategy: crop, crop_size: 3}\n`).at(-1)).toEqual({
      "mask.strategy": "crop",
      "mask.crop_size": null,
    });
  });

  it("says in a comment which blocks do not fit, and what hides nothing", () => {
    expect(strategies(SMALL)).toHaveLength(4);
    expect(ablationText(about(SMALL))).toContain("# Block 8 is left out: it is the whole 8 x 8 grid.\n");
    const odd = "data: {path: images, image_size: 36}\nmodel: {patch_size: 4}\n";
    expect(ablationText(about(odd))).toContain("# Block 2 is left out: it does not divide the 9 x 9 grid.\n");
    expect(ablationText(about(PAPER))).toMatch(/# strategy block, block_size 8, rate 0\.1 hides nothing/);
  });

  it("keeps to a night where the speed of the machine is known, and to the experiment's steps else", () => {
    expect(studyIn(ablationText(about(PAPER)), PAPER).budget).toBe(undefined);
    const study = studyIn(ablationText(about(PAPER, 0.5)), PAPER);
    const cells = 14 * 3;
    const drawing = (study.evaluate.samples * 50 * 0.5) / 128 / 3;
    const total = cells * (study.budget!.seconds! + drawing);
    expect(total).toBeLessThanOrEqual(NIGHT);
    expect(total).toBeGreaterThan(NIGHT * 0.85);
    // Training longer than the experiment itself does is not asked for.
    const short = `${PAPER}pretrain: {steps: 200}\nfinetune: {steps: 100}\n`;
    expect(studyIn(ablationText(about(short, 0.5)), short).budget!.seconds).toBe(150);
    const slow = studyIn(ablationText(about(PAPER, 100)), PAPER);
    expect([slow.budget!.seconds, slow.evaluate.samples]).toEqual([60, 50]);
  });

  it("suits the examples", () => {
    for (const name of ["emoji"]) {
      const text = readFileSync(`examples/${name}/${name}.maskdm.yaml`, "utf8");
      studyIn(ablationText(about(text)), text);
    }
  });
});
