import { describe, expect, it } from "vitest";
import { parameterSpecs } from "../../../src/core/model/backbones.ts";
import {
  ADAMW_ARRAYS,
  ADAMW_FACTORS,
  ADAMW_RESULTS,
  adamWFactors,
  adamWGraph,
  updated,
} from "../../../src/core/training/adamW.ts";
import { packGraph, part, squaresGraph, unpackGraph } from "../../../src/core/training/packedGraphs.ts";
import { elementwiseLoop } from "../../../src/trainer/engine/optimizer/elementwiseLoop.ts";
import { ParameterStore } from "../../../src/trainer/engine/optimizer/parameterStore.ts";
import { outputArrays, relativeError } from "./compare.ts";
import { testBackends, titleOf } from "./testBackends.ts";
import { normals, TINY_CASES, tinyModel } from "./tinyModels.ts";

const SCALARS = {
  gradientScale: 0.3,
  lr: 0.01,
  weightDecay: 0.05,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  update: 3,
  emaDecay: 0.8,
};
const SPECS = [301, 7].map((size, i) => ({ name: `t${i}`, shape: [size], init: "zeros" as const }));

function filledStore(): ParameterStore {
  const store = new ParameterStore(SPECS);
  let item = 20;
  for (const slot of ADAMW_ARRAYS) {
    for (const values of store.slot(slot).values()) {
      const drawn = normals(item++, values.length);
      values.set(slot === "v" ? drawn.map((value) => value * value) : drawn);
    }
  }
  return store;
}

/** The formulas in float32, an operation after the other, for one element. */
function reference(values: Record<(typeof ADAMW_ARRAYS)[number], number>): number[] {
  const f = Math.fround;
  const [scale, decay, beta1, weight, beta2, square, step, root, epsilon, ema] = adamWFactors(SCALARS).map(
    f,
  ) as number[];
  const g = f(values.gradient * scale!);
  const m = f(f(values.m * beta1!) + f(g * weight!));
  const v = f(f(values.v * beta2!) + f(f(g * g) * square!));
  const fall = f(f(m * step!) / f(f(f(Math.sqrt(v)) * root!) + epsilon!));
  const raw = f(f(values.raw * decay!) - fall);
  return [raw, m, v, f(raw + f(f(values.ema - raw) * ema!))];
}

describe("the store", () => {
  it("updates every element as the formulas say, to the bit", () => {
    const [before, store] = [filledStore(), filledStore()];
    store.update(SCALARS);
    for (const { name, shape } of SPECS) {
      for (let i = 0; i < shape[0]!; i++) {
        const of = (from: ParameterStore) => (slot: (typeof ADAMW_ARRAYS)[number]) => from.slot(slot).get(name)![i]!;
        const old = Object.fromEntries(ADAMW_ARRAYS.map((slot) => [slot, of(before)(slot)]));
        expect(ADAMW_RESULTS.map(of(store))).toEqual(reference(old as Parameters<typeof reference>[0]));
      }
    }
    expect(store.slot("gradient")).toEqual(before.slot("gradient"));
  });

  it("copies weights into averages exactly while the decay is 0", () => {
    const store = filledStore();
    store.update({ ...SCALARS, emaDecay: 0 });
    expect(store.slot("ema")).toEqual(store.slot("raw"));
  });

  it("knows the norm of what it holds, and finds what is no number", () => {
    const store = filledStore();
    const values = [...store.slot("gradient").values()].flatMap((data) => [...data]);
    expect(store.norm("gradient")).toBeCloseTo(Math.hypot(...values), 10);
    store.slot("gradient").get("t1")![6] = Number.NaN;
    expect(store.norm("gradient")).toBeNaN();
  });
});

it("compiles no loop of what is not elementwise", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  expect(() => elementwiseLoop(unpackGraph([4, 4]), memory)).toThrow("split");
});

for (const candidate of (await testBackends()).filter(({ name }) => name !== "native")) {
  const { backend } = candidate;
  describe.skipIf(!backend)(titleOf(candidate), () => {
    it("computes the update's graph as the store does", async () => {
      const [before, store] = [filledStore(), filledStore()];
      store.update(SCALARS);
      const inputs = new Map(ADAMW_ARRAYS.map((slot) => [slot as string, before.slot(slot).get("t0")!]));
      for (const [i, value] of adamWFactors(SCALARS).entries()) inputs.set(ADAMW_FACTORS[i]!, Float32Array.of(value));
      const graph = adamWGraph(301);
      const outputs = outputArrays(graph);
      await (await backend!.compile(graph)).run(inputs, outputs);
      for (const slot of ADAMW_RESULTS) {
        expect(relativeError(outputs.get(updated(slot))!, store.slot(slot).get("t0")!), slot).toBeLessThan(1e-6);
      }
    });

    it("packs tensors, adds to what is packed, and unpacks them", async () => {
      const sizes = parameterSpecs(tinyModel(TINY_CASES[0]!).shape).map(({ shape }) => shape.reduce((a, b) => a * b));
      const parts = new Map(sizes.map((size, i) => [part(i), normals(50 + i, size)]));
      const sum = normals(
        49,
        sizes.reduce((a, b) => a + b),
      );
      const pack = packGraph(sizes, true);
      const packed = outputArrays(pack);
      await (await backend!.compile(pack)).run(new Map([...parts, ["sum", sum]]), packed);
      const unpack = unpackGraph(sizes);
      const unpacked = outputArrays(unpack);
      await (await backend!.compile(unpack)).run(packed, unpacked);
      let from = 0;
      for (const [name, values] of parts) {
        const added = values.map((value, i) => value + sum[from + i]!);
        expect(unpacked.get(name), name).toEqual(added);
        from += values.length;
      }
    });

    it.each([5, 1024, 3000])("sums %i squares", async (length) => {
      const values = normals(3, length);
      const graph = squaresGraph(length);
      const outputs = outputArrays(graph);
      await (await backend!.compile(graph)).run(new Map([["all", values]]), outputs);
      const expected = values.reduce((total, value) => total + value * value, 0);
      expect(outputs.get("squares")![0]! / expected).toBeCloseTo(1, 5);
    });
  });
}
