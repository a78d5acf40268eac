/** What takes how long beside what, measured in turns within one run, so that a slow machine is slow for both. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assembleBatch, type TrainingBatch } from "../../../src/core/batch/assemble.ts";
import { batchContext } from "../../../src/core/batch/context.ts";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import { Engine } from "../../../src/trainer/engine/engine.ts";
import { modelShape } from "../../../src/trainer/engine/model/parameters.ts";
import { onnxBackend } from "../../../src/trainer/engine/onnx/backend.ts";

const B = 16;
const ROUNDS = 6;
const SCALARS = { lr: 1e-3, weightDecay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, emaDecay: 0.99 };
const TURNS = [
  { name: "masked", rate: 0.9 },
  { name: "whole", rate: 0 },
] as const;
type Turn = (typeof TURNS)[number]["name"];

/** The quickest of each, in milliseconds. */
const best = {
  step: { masked: Number.POSITIVE_INFINITY, whole: Number.POSITIVE_INFINITY },
  assembly: { masked: Number.POSITIVE_INFINITY, whole: Number.POSITIVE_INFINITY },
};
let engine: Engine;

function record(what: keyof typeof best, turn: Turn, since: number): void {
  best[what][turn] = Math.min(best[what][turn], performance.now() - since);
}

beforeAll(async () => {
  const contexts = TURNS.map(({ rate }) => {
    const parsed = parseExperiment(
      JSON.stringify({
        data: { path: "images", image_size: 32, hflip: 0.5 },
        model: { patch_size: 4, embed_dim: 192, depth: 5, num_heads: 4 },
        mask: { rate },
        pretrain: { batch_size: B },
      }),
    );
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
    return { context: batchContext(parsed.experiment, "pretrain", 100), experiment: parsed.experiment };
  });
  engine = new Engine(onnxBackend({ provider: "cpu", threads: 1 }), {
    shape: modelShape(contexts[0]!.experiment),
    seed: 1,
    accumulate: false,
  });
  const pixels = new Uint8Array(B * 32 * 32 * 3).fill(90);
  let update = 0;
  // The first rounds compile.
  for (let round = -2; round < ROUNDS; round++) {
    for (const [i, { name }] of TURNS.entries()) {
      const { context } = contexts[i]!;
      let batch: TrainingBatch | null = null;
      const assembling = performance.now();
      batch = assembleBatch(context, context.planner.plan(update), pixels, new Int32Array(B));
      record("assembly", name, assembling);
      const stepping = performance.now();
      update++;
      await engine.trainStep(batch, { ...SCALARS, update, microBatchSize: B, clipGrad: null, wantGradNorm: false });
      record("step", name, stepping);
    }
  }
});

afterAll(() => engine.dispose());

describe("on one thread, in turns", () => {
  it("nine tenths masked is a fraction of the time", () => {
    // A seventh of the products, and the optimiser's share, which masking does not touch.
    expect(best.step.masked / best.step.whole).toBeLessThan(0.5);
  });

  it.each(["masked", "whole"] as const)("a %s batch is made in a small part of the time of its step", (turn) => {
    expect(best.assembly[turn] / best.step[turn]).toBeLessThan(0.15);
  });
});
