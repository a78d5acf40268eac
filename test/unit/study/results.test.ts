import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { RunFacts } from "../../../src/core/study/cellState.ts";
import { planStudy, type StudyPlan } from "../../../src/core/study/plan.ts";
import { readStudy } from "../../../src/core/study/read.ts";
import { studyResults } from "../../../src/core/study/results.ts";

const BASE =
  "data: {path: images, image_size: 32, holdout: 0.2}\nmodel: {patch_size: 8, embed_dim: 64, num_heads: 2}\nmask: {strategy: patch}\n";

/** A study of pretrainings that are compared by the held-out loss. */
function planned(axes: string, seeds = 3): StudyPlan {
  const { study } = readStudy(
    `base: a.maskdm.yaml\nstages: [pretrain]\nmetric: held_out_loss\nseeds: ${seeds}\naxes: ${axes}`,
  );
  const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
  return planStudy(study!, { baseText: BASE, baseName: "a", digest });
}

const finished = (loss: number, seconds = 10): RunFacts => ({
  ...{ state: "finished", step: 100, totalSteps: 100, seconds, reason: null, evaluations: [] },
  heldOut: { step: 100, loss, error: 0.001 },
});

/** @param losses by configuration and seed; undefined: not trained yet */
function results(plan: StudyPlan, losses: readonly (readonly (number | RunFacts | undefined)[])[]) {
  const seeds = plan.seeds.length;
  const runs = new Map<string, RunFacts>();
  plan.cells.forEach(({ runs: [run] }, i) => {
    const value = losses[Math.floor(i / seeds)]?.[i % seeds];
    if (value !== undefined) runs.set(run!.id, typeof value === "number" ? finished(value) : value);
  });
  return studyResults(plan, { run: (id) => runs.get(id), record: null, atWork: false });
}

const AXES = "{pretrain.lr: [1e-4, 2e-4, 4e-4]}";

describe("results of a study", () => {
  it("fold seeds, and say which configurations do not differ from the best", () => {
    const found = results(planned(AXES), [
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
    const one = results(planned(AXES, 1), [[0.5], [0.1], [0.3]]);
    expect(one.configurations.map(({ standing }) => standing)).toEqual(["unsure", "best", "unsure"]);
    const lucky = results(planned(AXES), [[0.5, 0.51, 0.52], [0.1], [undefined, 0.6, 0.61]]);
    expect(lucky.configurations[0]!.standing).toBe("best");
  });

  it("count a failed, a diverged and an unmeasured cell as anything but done", () => {
    const failed: RunFacts = { ...finished(0.1), state: "diverged", reason: "loss exploded" };
    const { counts, configurations } = results(planned(AXES), [
      [failed, 0.5, 0.5],
      [{ ...finished(0.1), heldOut: null }],
    ]);
    expect(counts).toMatchObject({ failed: 1, done: 2, waiting: 6 });
    expect(configurations[0]!.cells[0]!.state).toMatchObject({ kind: "failed", reason: "loss exploded" });
  });

  it("put the better of two equally long ones on the front, and what is both slower and worse nowhere", () => {
    const found = results(planned(AXES, 1), [[finished(0.5, 10)], [finished(0.4, 20)], [finished(0.45, 30)]]);
    expect(found.pareto).toEqual([0, 1]);
  });
});
