import { expect, it } from "vitest";
import { ParameterStore } from "../../../src/trainer/engine/optimizer/parameterStore.ts";
import { segmentsOf } from "../../../src/trainer/engine/optimizer/segmentsOf.ts";

const specs = [3, 3, 4, 30, 1].map((size, i) => ({ name: `t${i}`, shape: [size], init: "zeros" as const }));
const groups = (limit: number, multiple?: number) =>
  segmentsOf(specs, limit, multiple).map((group) => group.map(({ name }) => name).join(" "));

it("groups neighbours up to the limit, and a larger tensor has one of its own", () => {
  expect(groups(10)).toEqual(["t0 t1 t2", "t3", "t4"]);
  expect(groups(1000)).toEqual(["t0 t1 t2 t3 t4"]);
});

it("counts the elements between tensors, too", () => {
  expect(groups(10, 4)).toEqual(["t0 t1", "t2", "t3", "t4"]);
  const store = new ParameterStore(specs);
  expect(store.wholes("m").map(({ length }) => length)).toEqual([4 + 4 + 4 + 32 + 4]);
  expect([...store.slot("v").values()].map(({ length }) => length)).toEqual([3, 3, 4, 30, 1]);
});
