import { describe, expect, it } from "vitest";
import { stageFacts } from "../../../src/core/cost/stageFacts.ts";
import type { MetricName } from "../../../src/core/study/metrics.ts";
import { answer, notes, warnings } from "../../../src/core/study/report/notes.ts";
import { evaluationFacts, reportedRun } from "../../../src/core/study/report/reportFacts.ts";
import { reportHtml } from "../../../src/core/study/report/reportHtml.ts";
import { cellsCsv, configurationsCsv } from "../../../src/core/study/studyCsv.ts";
import { madeUpEvaluation } from "../../support/evaluations.ts";
import { exampleReport } from "../../support/exampleReport.ts";
import { exampleStudy, finishedRun, mixedStudy } from "../../support/exampleStudy.ts";

describe("the report of a study", () => {
  it("says what is best, what is not different, and what is missing", () => {
    const report = exampleReport();
    expect(answer(report)).toEqual([
      "Best mean: strategy patch, lr 2e-4, Held-out loss 0.4100 (n = 3, 95 % interval 0.4000 to 0.4200).",
      "Of the other configurations 1 does not differ from it, 2 are worse, 2 have no result.",
      "So this study does not single out one configuration: those that do not differ share the first place.",
    ]);
    expect(warnings(report).join(" ")).toMatch(/Not finished: 11 cells of 18 done, 4 to come.*3 cells failed/);
    const { table } = exampleStudy("{pretrain.lr: [1e-4]}", []);
    expect(answer(exampleReport({ table }))).toEqual(["No configuration has a result yet."]);
  });

  it("says what three seeds cannot show, and of KID what chance alone comes to", () => {
    const { table } = mixedStudy();
    expect(notes(exampleReport()).join("\n")).toContain("three cases of four, not in 95 of 100");
    const evaluation = {
      ...{
        space: "efficientnet-lite0",
        drawnBy: "ddim with 50 steps, averaged weights",
        trainingImages: 100,
        heldOutImages: 20,
      },
      ...{ frechetName: "FID" as const, error: 0.012, floorAgainst: "held-out images" as const },
    };
    const said = notes(exampleReport({ evaluation, table: { ...table, metric: "kid", floor: -0.001 } })).join("\n");
    expect(said).toContain("against held-out ones, is −0.0010");
    expect(said).toContain("standard error of about 0.0120");
    expect(said).toContain("they are no FID");
    const fid = notes(exampleReport({ evaluation, table: { ...table, metric: "frechet" } })).join("\n");
    expect(fid).toContain("they are FID, of that many images");
  });

  it("says how the images of all cells were drawn, and of a training what its steps came to", () => {
    const { plan, facts } = mixedStudy();
    const { samples, seed } = plan.study.evaluate;
    const made = plan.cells.map(({ experiment }, i) => {
      const { sampler, steps, eta, clip } = experiment!.sample;
      const drawn = { step: 100, samples, seed, sampler, eta: sampler === "ddim" ? eta : null, clip };
      const weights = i === 0 ? "raw" : "ema";
      return madeUpEvaluation({ ...drawn, weights, samplerSteps: Math.min(steps, experiment!.diffusion.timesteps) });
    });
    const runs = new Map(
      plan.cells.map(({ runs: [run] }, i) => [run!.id, { ...finishedRun(1), evaluations: [made[i]!] }]),
    );
    const cells = plan.cells.map((cell, i) => {
      const { experiment } = cell;
      return { ...cell, experiment: { ...experiment!, sample: { ...experiment!.sample, weights: made[i]!.weights } } };
    });
    const known = { ...facts, run: (id: string) => runs.get(id) };
    const factsOf = (metric: MetricName) =>
      evaluationFacts({ ...plan, cells, study: { ...plan.study, metric } }, known)!;
    const found = factsOf("kid");
    expect(found.drawnBy).toMatch(
      /^\w+ with \d+ steps, weights not averaged, or \w+ with \d+ steps, averaged weights$/,
    );
    expect(found).toMatchObject({ space: "efficientnet-lite0", frechetName: "Fréchet distance" });
    expect(found.error).toBeCloseTo(0.0014, 9);
    expect(factsOf("border_ratio").error).toBeCloseTo(0.031, 9);
    expect([factsOf("flat_background").error, factsOf("precision").error]).toEqual([null, null]);
    expect(evaluationFacts(plan, facts)).toBeNull();
    const [run] = plan.runs.values();
    const { flops, ...told } = reportedRun(run!, known, "maskdm pretrain a");
    expect(told).toEqual({ id: run!.id, stage: "pretrain", steps: 100, seconds: 10, command: "maskdm pretrain a" });
    const [piece] = stageFacts(run!.experiment, "pretrain", null)!.pieces;
    expect(flops).toBe(100 * piece!.flopsPerStep);
    expect(reportedRun(run!, { ...facts, run: () => undefined }, "")).toMatchObject({ steps: null, flops: null });
  });

  it("is one file: no script, nothing to load, everything escaped", () => {
    const html = reportHtml(exampleReport({ name: "<img src=x>", studyText: "</pre><script>alert(1)</script>" }));
    expect(html).not.toMatch(/<script|<link|<img src=x|https?:(?!\/\/www\.w3\.org\/2000\/svg)|url\(|@import/);
    expect(html).not.toMatch(/NaN|undefined|\bnull\b/);
    expect(html).toContain("loss exploded at step 40 &lt;b&gt;&amp;");
    expect(html).toContain("default-src &#39;none&#39;".replaceAll("&#39;", "'"));
    expect(html).toContain("maskdm study run rates.maskstudy.yaml");
  });
});

describe("a study as comma-separated values", () => {
  const { table } = mixedStudy();

  it("has a row for each configuration with its seeds folded", () => {
    const [head, first, second, , fourth] = configurationsCsv(table).split("\n");
    expect(head).toBe(
      "configuration,mask.strategy,pretrain.lr,n,held_out_loss,interval_low,interval_high,standard_deviation,seconds,standing,difference_to_best,difference_low,difference_high,difference_n,failed,given_up,refused,unfinished",
    );
    expect(first).toMatch(
      /^"strategy patch, lr 1e-4",patch,0\.0001,3,0\.51,0\.5,0\.52,0\.01\d*,12\.3\d*,worse than the best,0\.1/,
    );
    expect(second).toMatch(/,best,,,,,0,0,0,0$/);
    expect(fourth).toMatch(/^"strategy stratified, lr 1e-4",stratified,0\.0001,2,.*,1,0,0,0$/);
  });

  it("has a row for each cell, and a negative number stays a number", () => {
    const lines = cellsCsv(table).trim().split("\n");
    expect(lines).toHaveLength(1 + 18);
    expect(lines[11]).toMatch(
      /^"strategy stratified, lr 1e-4",stratified,0\.0001,1,failed,,,,a-pretrain-\w+,loss exploded at step 40 <b>&$/,
    );
    const { table: below } = exampleStudy("{pretrain.lr: [1e-4]}", [[-0.5]], 1);
    expect(cellsCsv(below).split("\n")[1]).toContain(",done,-0.5,");
  });
});
