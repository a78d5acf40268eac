import { describe, expect, it } from "vitest";
import type { Evaluation } from "../../../src/core/run/evaluations.ts";
import { cellResult, type RunFacts } from "../../../src/core/study/cellState.ts";
import type { MetricName } from "../../../src/core/study/metrics.ts";
import type { StudyPlan } from "../../../src/core/study/plan.ts";
import { studyResults } from "../../../src/core/study/results.ts";
import { madeUpEvaluation } from "../../support/evaluations.ts";
import { exampleFacts, finishedRun, type Losses, planExample } from "../../support/exampleStudy.ts";

const results = (plan: StudyPlan, losses: Losses) => {
  const runs = exampleFacts(plan, losses);
  return studyResults(plan, { run: (id) => runs.get(id), record: null, atWork: false });
};

const AXES = "{pretrain.lr: [1e-4, 2e-4, 4e-4]}";

describe("what a cell is compared by", () => {
  const { cells, study } = planExample(AXES, 1);
  const [cell] = cells;
  const { sampler, steps, eta } = cell!.experiment!.sample;
  const { samples, seed } = study.evaluate;
  const drawn = { ...{ step: 100, samples, seed, sampler }, samplerSteps: steps, eta: sampler === "ddim" ? eta : null };
  const resultOf = (metric: MetricName, evaluation: Evaluation) =>
    cellResult(cell!, { study: { ...study, metric } }, { evaluations: [evaluation], heldOut: null, step: 100 });

  it("is what its evaluation says, with the error that it has", () => {
    const made = madeUpEvaluation(drawn);
    expect(resultOf("kid_held_out", made)).toEqual({ value: 0.0161, error: 0.0021 });
    expect(resultOf("border_ratio", made)).toEqual({ value: 1.72, error: 0.031 });
    expect(resultOf("grain", made)).toEqual({ value: 2.4, error: 0.12 });
    expect(resultOf("near_copies", made)).toEqual({ value: 0.018, error: null });
    const plain = { ...made.look!, flatBackground: { value: 0.93, standardError: 0.02 } };
    expect(resultOf("flat_background", { ...made, look: plain })).toEqual({ value: 0.93, error: 0.02 });
  });

  it("is missing where the images do not tell it, and of evaluations that did not measure it", () => {
    const { kidHeldOut, look, copying, ...made } = madeUpEvaluation(drawn);
    const { nearCopies, ...less } = copying;
    expect(resultOf("flat_background", madeUpEvaluation(drawn))).toBeNull();
    for (const metric of ["kid_held_out", "border_ratio", "grain", "flat_background", "near_copies"] as const) {
      expect(resultOf(metric, { ...made, copying: less }), metric).toBeNull();
    }
    expect(resultOf("kid", { ...made, copying: less })).toMatchObject({ error: 0.0014 });
    expect(resultOf("kid_held_out", madeUpEvaluation({ ...drawn, kidHeldOut: null }))).toBeNull();
  });
});

describe("results of a study", () => {
  it("fold seeds, and say which configurations do not differ from the best", () => {
    const found = results(planExample(AXES), [
      [0.5, 0.51, 0.52],
      [0.4, 0.42, 0.41],
      [0.405, 0.415, 0.412],
    ]);
    expect(found.configurations.map(({ standing, n }) => [standing, n])).toEqual([
      ["worse", 3],
      ["best", 3],
      ["not different", 3],
    ]);
    expect(found.configurations[1]).toMatchObject({
      mean: expect.closeTo(0.41),
      interval: { low: expect.closeTo(0.4), high: expect.closeTo(0.42) },
    });
  });

  it("call nothing different on one seed, and no single training the winner", () => {
    const one = results(planExample(AXES, 1), [[0.5], [0.1], [0.3]]);
    expect(one.configurations.map(({ standing }) => standing)).toEqual(["unsure", "best", "unsure"]);
    const lucky = results(planExample(AXES), [[0.5, 0.51, 0.52], [0.1], [undefined, 0.6, 0.61]]);
    expect(lucky.configurations[0]!.standing).toBe("best");
  });

  it("count a failed, a diverged and an unmeasured cell as anything but done", () => {
    const failed: RunFacts = { ...finishedRun(0.1), state: "diverged", reason: "loss exploded" };
    const { counts, configurations } = results(planExample(AXES), [
      [failed, 0.5, 0.5],
      [{ ...finishedRun(0.1), heldOut: null }],
    ]);
    expect(counts).toMatchObject({ failed: 1, done: 2, waiting: 6 });
    expect(configurations[0]!.cells[0]!.state).toMatchObject({ kind: "failed", reason: "loss exploded" });
  });

  it("put the better of two equally long ones on the front, and what is both slower and worse nowhere", () => {
    const found = results(planExample(AXES, 1), [
      [finishedRun(0.5, 10)],
      [finishedRun(0.4, 20)],
      [finishedRun(0.45, 30)],
    ]);
    expect(found.pareto).toEqual([0, 1]);
  });
});
