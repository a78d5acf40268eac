/** Studies whose runs never ran, for what is made from results. */
import { createHash } from "node:crypto";
import type { RunFacts, StudyFacts } from "../../src/core/study/cellState.ts";
import { planStudy, type StudyPlan } from "../../src/core/study/plan.ts";
import { readStudy } from "../../src/core/study/read.ts";
import { type StudyResults, studyResults } from "../../src/core/study/results.ts";
import { type StudyTable, studyTable } from "../../src/core/study/table.ts";

export const EXAMPLE_BASE =
  "data: {path: images, image_size: 32, holdout: 0.2}\nmodel: {patch_size: 8, embed_dim: 64, num_heads: 2}\nmask: {strategy: patch}\n";

export interface ExampleStudy {
  readonly plan: StudyPlan;
  readonly facts: StudyFacts;
  readonly results: StudyResults;
  readonly table: StudyTable;
}

/** The runs' facts by id. */
export function exampleFacts(plan: StudyPlan, losses: Losses): Map<string, RunFacts> {
  const runs = new Map<string, RunFacts>();
  plan.cells.forEach(({ runs: [run] }, i) => {
    const value = losses[Math.floor(i / plan.seeds.length)]?.[i % plan.seeds.length];
    if (value === undefined || run === undefined) return;
    runs.set(run.id, typeof value === "number" ? finishedRun(value) : value);
  });
  return runs;
}

/** By configuration and seed; undefined: not trained yet. */
export type Losses = readonly (readonly (number | RunFacts | undefined)[])[];

export const finishedRun = (loss: number, seconds = 10): RunFacts => ({
  ...{ state: "finished", step: 100, totalSteps: 100, seconds, reason: null, evaluations: [] },
  heldOut: { step: 100, loss, error: 0.001 },
});

export const failedRun = (reason: string): RunFacts => ({ ...finishedRun(1), state: "diverged", reason });

/** A study of pretrainings that are compared by the held-out loss. @param axes YAML text */
export function planExample(axes: string, seeds = 3): StudyPlan {
  const { study, diagnostics } = readStudy(
    `base: a.maskdm.yaml\nstages: [pretrain]\nmetric: held_out_loss\nseeds: ${seeds}\naxes: ${axes}`,
  );
  if (study === null) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
  return planStudy(study, { baseText: EXAMPLE_BASE, baseName: "a", digest });
}

export function exampleStudy(axes: string, losses: Losses, seeds = 3): ExampleStudy {
  const plan = planExample(axes, seeds);
  const runs = exampleFacts(plan, losses);
  const facts: StudyFacts = { run: (id) => runs.get(id), record: null, atWork: false };
  const results = studyResults(plan, facts);
  return { plan, facts, results, table: studyTable(plan, results) };
}

/** Two axes, every kind of standing, a cell that failed and one that waits. */
export const mixedStudy = (): ExampleStudy =>
  exampleStudy("{mask.strategy: [patch, stratified], pretrain.lr: [1e-4, 2e-4, 4e-4]}", [
    [finishedRun(0.5, 12), finishedRun(0.51, 13), finishedRun(0.52, 12)],
    [finishedRun(0.4, 20), finishedRun(0.42, 22), finishedRun(0.41, 19)],
    [finishedRun(0.405, 30), finishedRun(0.418, 31), finishedRun(0.412, 29)],
    [finishedRun(0.45, 9), failedRun("loss exploded at step 40 <b>&"), finishedRun(0.46, 11)],
    [failedRun("no space left on the disk"), failedRun("no space left on the disk")],
    [],
  ]);
