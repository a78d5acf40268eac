/** What takes how long beside what, measured in turns within one run, so that a slow machine is slow for both. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assembleBatch } from "../../../src/core/batch/assemble.ts";
import type { Engine } from "../../../src/trainer/engine/engine.ts";
import { ENGINES, IMAGE_BYTES, SCALARS, tinyBatches, tinyEngine } from "./tinyTraining.ts";

const B = 16;
const ROUNDS = 12;
const TURNS = [
  { name: "masked", rate: 0.9 },
  { name: "whole", rate: 0 },
] as const;
type Turn = (typeof TURNS)[number]["name"];

describe.each(ENGINES)("on one thread of %s, in turns", (_, backend) => {
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
    const contexts = TURNS.map(({ rate }) => tinyBatches(rate, B));
    engine = tinyEngine(backend());
    const pixels = new Uint8Array(B * IMAGE_BYTES).fill(90);
    let update = 0;
    // The first rounds compile.
    for (let round = -2; round < ROUNDS; round++) {
      for (const [i, { name }] of TURNS.entries()) {
        const context = contexts[i]!;
        const assembling = performance.now();
        const batch = assembleBatch(context, context.planner.plan(update), pixels, new Int32Array(B));
        record("assembly", name, assembling);
        const stepping = performance.now();
        update++;
        await engine.trainStep(batch, { ...SCALARS, update, microBatchSize: B, clipGrad: null, wantGradNorm: false });
        record("step", name, stepping);
      }
    }
  });

  afterAll(() => engine.dispose());

  it("nine tenths masked is a fraction of the time", () => {
    // A seventh of the products, and the optimiser's share, which masking does not touch.
    expect(best.step.masked / best.step.whole).toBeLessThan(0.5);
  });

  it.each(["masked", "whole"] as const)("a %s batch is made in a small part of the time of its step", (turn) => {
    expect(best.assembly[turn] / best.step[turn]).toBeLessThan(0.15);
  });
});
