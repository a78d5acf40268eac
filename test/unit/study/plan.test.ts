import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { drawnClasses } from "../../../src/core/classes/drawnClasses.ts";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import type { Experiment } from "../../../src/core/experiment/schema.ts";
import { refuseUnused } from "../../../src/core/run/askedDrawing.ts";
import { drawingOf } from "../../../src/core/run/drawing.ts";
import type { Evaluation } from "../../../src/core/run/evaluations.ts";
import { evaluationOf } from "../../../src/core/study/cellState.ts";
import { evaluationOverrides } from "../../../src/core/study/evaluationOverrides.ts";
import { drawingIdentity } from "../../../src/core/study/identity.ts";
import { type Cell, planStudy, type StudyPlan } from "../../../src/core/study/plan.ts";
import { readStudy } from "../../../src/core/study/read.ts";
import { madeUpEvaluation } from "../../support/evaluations.ts";

const BASE = `data: {path: images, image_size: 32}
model: {patch_size: 4, embed_dim: 64, depth: 3, num_heads: 2}
mask: {strategy: block, block_size: 4, rate: 0.75}
pretrain: {steps: 100, batch_size: 8}
finetune: {steps: 60, batch_size: 4}
seed: 7
`;
const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

function plan(text: string, base = BASE): StudyPlan {
  const { study, diagnostics } = readStudy(`base: faces.maskdm.yaml\n${text}`);
  expect(diagnostics).toEqual([]);
  return planStudy(study!, { baseText: base, baseName: "faces", digest });
}

const drawing = (experiment: Experiment) =>
  drawingOf(experiment, {
    ...{ run: "faces", stage: "finetune", step: 60, weights: experiment.sample.weights, seed: 7 },
    chosen: drawnClasses(experiment, null),
    ...{ backend: "native", versions: { maskdm: "1", backend: "1" } },
  });

const stages = ({ runs }: StudyPlan): string[] => [...runs.values()].map(({ stage }) => stage);

describe("the plan of a study", () => {
  it("has a cell for every combination and seed, seeds from the experiment's on", () => {
    const { configurations, cells } = plan("axes: {mask.rate: [0.25, 0.75], pretrain.lr: [1e-4, 2e-4]}\nseeds: 3");
    expect(configurations.map(({ label }) => label)).toEqual([
      "rate 0.25, lr 1e-4",
      "rate 0.25, lr 2e-4",
      "rate 0.75, lr 1e-4",
      "rate 0.75, lr 2e-4",
    ]);
    expect(cells.map(({ seed }) => seed)).toEqual([7, 8, 9, 7, 8, 9, 7, 8, 9, 7, 8, 9]);
    expect(new Set(cells.map(({ key }) => key)).size).toBe(12);
  });

  it("counts no seconds of PyTorch, whose steps are not timed beforehand", () => {
    const base = `${BASE}engine: {backend: torch}\n`;
    const axes = "axes: {mask.rate: [0.25, 0.75]}\nstages: [pretrain]\nbudget: ";
    const problems = (budget: string) => plan(`${axes}${budget}`, base).configurations.flatMap((one) => one.problems);
    expect(problems("{steps: 20}")).toEqual([]);
    expect(problems("{seconds: 20}")).toEqual(
      Array(2).fill(expect.stringContaining("count the budget in steps or images")),
    );
  });

  it("names a key that both stages set alike once, and says of which stage where they differ", () => {
    const points = "[{pretrain.lr: 1e-3, finetune.lr: 1e-3, mask.rate: 0.5}, {pretrain.lr: 1e-3, finetune.lr: 1e-4}]";
    expect(plan(`axes: {way: ${points}}`).configurations.map(({ label }) => label)).toEqual([
      "lr 0.001, rate 0.5",
      "pretrain.lr 0.001, finetune.lr 1e-4",
    ]);
  });

  it("pretrains once where only finetuning differs", () => {
    const found = plan("axes: {finetune.lr: [1e-4, 2e-4, 4e-4]}\nseeds: [1, 2]");
    expect(stages(found).filter((stage) => stage === "pretrain")).toHaveLength(2);
    expect(stages(found).filter((stage) => stage === "finetune")).toHaveLength(6);
    for (const { runs, seed } of found.cells) {
      expect(runs.map(({ stage }) => stage)).toEqual(["pretrain", "finetune"]);
      expect(runs[1]!.parent).toBe(runs[0]!.id);
      expect(runs.map(({ set }) => set.find(({ path }) => path === "seed")?.value)).toEqual([`${seed}`, `${seed}`]);
    }
  });

  it("finds rates that round to the same number of visible tokens, and what only another strategy reads", () => {
    const found = plan("axes: {mask.rate: [0.75, 0.8, 0.5], mask.cell_size: [2, 4]}\nseeds: 1");
    expect(found.cells).toHaveLength(6);
    expect(new Set(found.cells.map(({ key }) => key)).size).toBe(2);
    expect(found.runs.size).toBe(4);
  });

  it("trains once where a key differs that nothing reads", () => {
    const axes = "axes: {diffusion.schedule: [cosine, linear], diffusion.logit_mean: [0, 1]}\nseeds: 1";
    expect(plan(axes).runs.size).toBe(4);
    expect(plan(axes, `${BASE}diffusion: {process: flow}\n`).runs.size).toBe(2);
  });

  it("trains once where only the drawing differs, but the cells are two", () => {
    const found = plan("axes: {sample.steps: [10, 20]}\nseeds: 1");
    expect(found.runs.size).toBe(2);
    expect(new Set(found.cells.map(({ key }) => key)).size).toBe(2);
  });

  it("evaluates guided images for themselves, where there are classes to guide towards", () => {
    const axes = "axes: {sample.guidance: [1, 3]}\nseeds: 1";
    const classes = BASE.replace("data: {", "data: {labels: folders, ").replace("model: {", "model: {num_classes: 3, ");
    const found = plan(axes, classes);
    expect(new Set(plan(axes).cells.map(({ key }) => key)).size).toBe(1);
    expect(found.runs.size).toBe(2);
    const [plain, guided] = found.cells;
    // Cells of before there was guidance keep their keys.
    const { sampler, steps, eta, weights, clip } = plain!.experiment!.sample;
    const before = JSON.stringify({ sampler, steps, eta, weights, clip, ...found.study.evaluate });
    expect(drawingIdentity(plain!.experiment!, found.study.evaluate)).toBe(before);
    const { samples, seed } = found.study.evaluate;
    const made = (guidance?: Evaluation["guidance"]): Evaluation =>
      madeUpEvaluation({ ...{ step: 60, samples, seed, eta }, ...(guidance === undefined ? {} : { guidance }) });
    const evaluations = [made({ scale: 3, from: 0, to: 1 }), made({ scale: 3, from: 0, to: 0.5 }), made()];
    const of = (cell: Cell) => evaluationOf(cell, found, { step: 60, evaluations });
    expect(of(plain!)).toBe(evaluations[2]);
    expect(of(guided!)).toBe(evaluations[0]);
  });

  it("tells an evaluation what has an effect on the images of a cell, and no more", () => {
    const axes = "axes: {sample.sampler: [ddim, heun], sample.steps: [4, 5000], sample.guidance: [1, 3]}";
    const classes = BASE.replace("data: {", "data: {labels: folders, ").replace("model: {", "model: {num_classes: 3, ");
    const never = "sample: {guidance_interval: [0.8, 0.2], classes: [1]}\n";
    for (const base of [BASE, classes, `${BASE}${never}`, `${classes}${never}`]) {
      for (const { experiment } of plan(`${axes}\nseeds: 1`, base).cells) {
        const overrides = evaluationOverrides(experiment!);
        const parsed = parseExperiment(base, overrides);
        if (!parsed.ok) throw new Error(parsed.diagnostics[0]!.message);
        const evaluated = parsed.experiment;
        expect(() => refuseUnused(evaluated, overrides)).not.toThrow();
        expect(drawing(evaluated)).toEqual(drawing(experiment!));
      }
    }
  });

  it("splits a budget between the stages: steps, images, and seconds, whose steps are open", () => {
    const steps = (text: string) =>
      plan(`seeds: 1\n${text}`).cells.map(({ runs }) => runs.map(({ stage, experiment }) => experiment[stage].steps));
    expect(steps("budget: {steps: 1000, pretrain: 0.25}")).toEqual([[250, 750]]);
    expect(steps("budget: {images: 4000}")).toEqual([[250, 500]]);
    const { cells } = plan("seeds: 1\nbudget: {seconds: 60, pretrain: 0.25}");
    expect(cells[0]!.runs.map(({ seconds }) => seconds)).toEqual([15, 45]);
    expect(cells[0]!.runs.flatMap(({ set }) => set.map(({ path }) => path))).toEqual(["seed", "seed"]);
  });

  it("leaves out a stage without a share, and trains from scratch then", () => {
    const { cells } = plan("seeds: 1\nbudget: {steps: 1000}\naxes: {budget.pretrain: [0, 0.5, 1]}");
    expect(cells.map(({ runs }) => runs.map(({ stage }) => stage))).toEqual([
      ["finetune"],
      ["pretrain", "finetune"],
      ["pretrain"],
    ]);
    expect(cells[0]!.runs[0]).toMatchObject({ parent: null, from: null });
    expect(cells[0]!.runs[0]!.id).not.toBe(cells[1]!.runs[1]!.id);
  });

  it("does not take two budgets in seconds for one", () => {
    const { runs } = plan("seeds: 1\nstages: [pretrain]\nbudget: {seconds: 60}\naxes: {budget.seconds: [60, 120]}");
    expect(runs.size).toBe(2);
  });

  it("varies keys together", () => {
    const found = plan(
      "seeds: 1\naxes: {shape: [{model.patch_size: 4, model.depth: 3}, {model.patch_size: 8, model.depth: 5}]}",
    );
    expect(found.configurations.map(({ label }) => label)).toEqual(["patch_size 4, depth 3", "patch_size 8, depth 5"]);
    expect(found.cells.map(({ experiment }) => experiment?.model.depth)).toEqual([3, 5]);
  });

  it("keeps a configuration that cannot be trained, with the reason, and plans the others", () => {
    const { configurations, cells } = plan("axes: {model.patch_size: [4, 5]}\nseeds: 1");
    expect(configurations[0]!.problems).toEqual([]);
    expect(configurations[1]!.problems.join()).toContain("patch_size");
    expect(cells.map(({ runs }) => runs.length)).toEqual([2, 0]);
  });

  it("has no KID to held-out images where none are held out, and needs no held-out loss for it", () => {
    const study = "axes: {finetune.lr: [1e-4]}\nmetric: kid_held_out";
    const [configuration] = plan(study).configurations;
    expect(configuration!.problems).toEqual([
      "The metric kid_held_out is measured on images that data.holdout keeps out of training, and data.holdout is 0.",
    ]);
    const held = BASE.replace("image_size: 32", "image_size: 32, holdout: 0.2").replace(
      "finetune: {",
      "finetune: {held_out_every: 0, ",
    );
    expect(plan(study, held).configurations[0]!.problems).toEqual([]);
  });

  it("gives a range its ends and equal ratios between", () => {
    const { axes } = plan(
      "axes: {pretrain.lr: {from: 1e-4, to: 1e-2, count: 3, scale: log}, model.depth: {from: 3, to: 9, count: 3}}",
    );
    expect(axes.map(({ points }) => points.map(({ values }) => Object.values(values)[0]))).toEqual([
      [1e-4, 1e-3, 1e-2],
      [3, 6, 9],
    ]);
  });

  it("sets keys of one stage: its runs have them, the cell is measured as the last stage is", () => {
    const text = "seeds: 1\naxes: {finetune.lr: [1e-4, 2e-4]}\n";
    const found = plan(`${text}set: {finetune: {data.path: faces, finetune.batch_size: 2}}\nbudget: {images: 800}\n`);
    const [pretrain, finetune, other] = [...found.runs.values()];
    expect([pretrain, finetune, other].map((run) => run?.experiment.data.path)).toEqual(["images", "faces", "faces"]);
    expect(finetune!.experiment.finetune.steps).toBe(200);
    expect(finetune!.set).toContainEqual({ path: "data.path", value: "faces" });
    expect(pretrain!.set.map(({ path }) => path)).not.toContain("data.path");
    expect(found.cells.map(({ experiment }) => experiment?.data.path)).toEqual(["faces", "faces"]);
    const without = plan(`${text}budget: {images: 800}\n`);
    expect([...without.runs.keys()]).toContain(pretrain!.id);
    expect([...without.runs.keys()]).not.toContain(finetune!.id);
    // What is set as it is anyway is the same training.
    expect([...plan(`${text}budget: {images: 800}\nset: {finetune: {data.path: images}}`).runs.keys()]).toEqual([
      ...without.runs.keys(),
    ]);
  });

  it("does not depend on how a run is kept or shown", () => {
    const ids = (base: string) => [...plan("seeds: 1", base).runs.keys()];
    const shown = `${BASE}sample: {count: 4}\nengine: {threads: 1}\n`.replace("steps: 100", "steps: 100, log_every: 3");
    expect(ids(shown)).toEqual(ids(BASE));
    expect(ids(BASE.replace("depth: 3", "depth: 5"))).not.toEqual(ids(BASE));
  });
});
