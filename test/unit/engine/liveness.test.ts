import { expect, it } from "vitest";
import { lastUses } from "../../../src/trainer/engine/tfjs/liveness.ts";
import { TINY_CASES, tinyModel } from "./tinyModels.ts";

it("frees every value once: after its last use, and never before", () => {
  const { training } = tinyModel(TINY_CASES.at(-1)!);
  const dying = lastUses(training);
  const dead = new Set<number>();
  const made = new Set(training.inputs.map(({ tensor }) => tensor.id));
  training.nodes.forEach((node, i) => {
    for (const { id } of node.inputs) expect(dead.has(id), `input ${id} of node ${i} is alive`).toBe(false);
    for (const { id } of node.outputs) made.add(id);
    for (const id of dying[i]!) {
      expect(made.has(id) && !dead.has(id)).toBe(true);
      dead.add(id);
    }
  });
  expect(dead).toEqual(made);
});
