import { expect, it } from "vitest";
import { nativeBackend } from "../../../src/trainer/engine/native/backend.ts";
import { ParameterStore } from "../../../src/trainer/engine/optimizer/parameterStore.ts";
import { relativeError } from "../engine/compare.ts";
import { normals } from "../engine/tinyModels.ts";
import { describeEachSet } from "./instructionSets.ts";

const SPECS = [
  { name: "a", shape: [300, 41], init: { normal: 0.02 } },
  { name: "b", shape: [7], init: "zeros" },
  { name: "c", shape: [200, 1000], init: { normal: 0.02 } },
] as const;

function filledStore(): ParameterStore {
  const store = new ParameterStore(SPECS);
  let item = 10;
  for (const slot of ["raw", "gradient", "m", "v", "ema"] as const) {
    for (const values of store.slot(slot).values()) {
      const drawn = normals(item++, values.length);
      values.set(slot === "v" ? drawn.map((value) => value * value) : drawn);
    }
  }
  return store;
}

describeEachSet("the native optimiser", (set) => {
  it("does what the store's own kernels do", async () => {
    const scalars = {
      gradientScale: 0.3,
      lr: 0.01,
      weightDecay: 0.05,
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-8,
      update: 3,
      emaDecay: 0.8,
    };
    const [own, native] = [filledStore(), filledStore()];
    const learner = nativeBackend(2, set).learner!(native);
    expect(await learner.gradientNorm()).toBeCloseTo(own.norm("gradient"), 6);
    for (let step = 0; step < 3; step++) {
      own.update({ ...scalars, update: step + 1 });
      await learner.update({ ...scalars, update: step + 1 });
    }
    for (const slot of ["raw", "m", "v", "ema"] as const) {
      for (const [name, values] of native.slot(slot)) {
        expect(relativeError(values, own.slot(slot).get(name)!), `${slot} ${name}`).toBeLessThan(1e-6);
      }
    }
  });

  it("finds a gradient that is no number", async () => {
    const store = filledStore();
    store.slot("gradient").get("c")![123_456] = Number.NaN;
    expect(await nativeBackend(2, set).learner!(store).gradientNorm()).toBeNaN();
  });
});
