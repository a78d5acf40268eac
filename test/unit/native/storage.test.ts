import { describe, expect, it } from "vitest";
import { trainingGraph } from "../../../src/trainer/engine/model/graphs.ts";
import { NATIVE_COMPOSITES } from "../../../src/trainer/engine/native/backend.ts";
import { arenaBytes } from "../../../src/trainer/engine/native/program.ts";
import { rematerialised } from "../../../src/trainer/engine/native/rematerialise.ts";
import { type Lifetime, planStorage, UNIT } from "../../../src/trainer/engine/native/storage.ts";
import { TINY_CASES, testStream } from "../engine/tinyModels.ts";

/** Floats that are needed at the busiest moment: no plan takes less. */
function leastPossible(lifetimes: readonly Lifetime[]): number {
  const last = Math.max(...lifetimes.map(({ to }) => to));
  const needed = Array.from({ length: last + 1 }, (_, at) =>
    lifetimes
      .filter(({ from, to }) => from <= at && at <= to)
      .reduce((total, { size }) => total + Math.ceil(size / UNIT) * UNIT, 0),
  );
  return Math.max(...needed);
}

describe("planStorage", () => {
  it("gives no two tensors that are needed together the same place", () => {
    const stream = testStream(1);
    for (let round = 0; round < 200; round++) {
      const lifetimes = Array.from({ length: 1 + stream.below(40) }, () => {
        const from = stream.below(50);
        return { size: 1 + stream.below(500), from, to: from + stream.below(20) };
      });
      const { offsets, floats } = planStorage(lifetimes);
      expect(floats).toBeGreaterThanOrEqual(leastPossible(lifetimes));
      for (const [i, a] of lifetimes.entries()) {
        expect(offsets[i]! % UNIT).toBe(0);
        expect(offsets[i]! + a.size).toBeLessThanOrEqual(floats);
        for (let j = 0; j < i; j++) {
          const b = lifetimes[j]!;
          const together = a.from <= b.to && b.from <= a.to;
          const apart = offsets[i]! + a.size <= offsets[j]! || offsets[j]! + b.size <= offsets[i]!;
          expect(!together || apart).toBe(true);
        }
      }
    }
  });

  it("keeps a row of layers, forward and back, within a tenth of the least possible", () => {
    const layers = 20;
    const lifetimes = Array.from({ length: layers }, (_, i) => [
      { size: 1000 + 16 * (i % 3), from: i, to: 2 * layers - i },
      { size: 700, from: i, to: i + 1 },
      { size: 1000, from: 2 * layers - i, to: 2 * layers - i + 1 },
    ]).flat();
    expect(planStorage(lifetimes).floats).toBeLessThan(1.1 * leastPossible(lifetimes));
  });
});

describe("rematerialised", () => {
  it("leaves out of memory what is cheap to compute again", () => {
    const shape = { ...TINY_CASES[0]!.shape, imageSize: 32, patchSize: 4, embedDim: 64, depth: 9, numHeads: 4 };
    const graph = trainingGraph(shape, 4, 64, NATIVE_COMPOSITES);
    const saving = 1 - arenaBytes(rematerialised(graph)) / arenaBytes(graph);
    expect(saving).toBeGreaterThan(0.25);
  });

  it("adds a node for every use after the first, right before it", () => {
    const graph = trainingGraph(TINY_CASES[2]!.shape, 2, 6, NATIVE_COMPOSITES);
    const count = (kind: string, nodes = graph.nodes) =>
      nodes.filter(({ operation }) => operation.kind === kind).length;
    const { nodes } = rematerialised(graph);
    // The last normalisation, too, is read again by the gradient of the output's weights.
    expect(count("layerNorm", nodes)).toBe(2 * count("layerNorm"));
    expect(count("erfGate", nodes)).toBe(2 * count("erfGate"));
    const known = new Set(graph.inputs.map(({ tensor }) => tensor.id));
    for (const { inputs, outputs } of nodes) {
      for (const { id } of inputs) expect(known).toContain(id);
      for (const { id } of outputs) {
        expect(known).not.toContain(id);
        known.add(id);
      }
    }
  });
});
