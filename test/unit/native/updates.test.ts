/** Weights that the native engine updates while the backward pass still runs, against an update after it. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parameterSpecs } from "../../../src/core/model/backbones.ts";
import { ALL_COMPOSITES } from "../../../src/core/model/graph/lower.ts";
import { trainingGraph } from "../../../src/core/model/graphs.ts";
import { Engine } from "../../../src/trainer/engine/engine.ts";
import { nativeBackend } from "../../../src/trainer/engine/native/backend.ts";
import { INSTRUCTIONS } from "../../../src/trainer/engine/native/instructions.ts";
import { compileProgram } from "../../../src/trainer/engine/native/program.ts";
import { TINY_CASES, type TinyModel, tinyModel } from "../engine/tinyModels.ts";
import { batchOf, SCALARS, WIDE } from "../engine/tinySteps.ts";
import { describeEachSet } from "./instructionSets.ts";

/** A limit that no gradient reaches: the norm has to be known before the first weight changes, and changes nothing. */
const FAR_AWAY = 1e30;

interface Trained {
  readonly results: { readonly losses: number[]; readonly applied: boolean }[];
  /** digests of their bits, by name */
  readonly tensors: Readonly<Record<string, string>>;
  readonly allFinite: boolean;
}

/** Some steps on one batch, the last of them on `lastTokens`. */
async function train(
  model: TinyModel,
  set: string,
  { threads = 2, parts = 1, clipGrad = null as number | null, lastTokens = null as Float32Array | null },
): Promise<Trained> {
  const engine = new Engine(nativeBackend(threads, set), { shape: model.shape, seed: 5 });
  const batch = batchOf(model);
  const results: { losses: number[]; applied: boolean }[] = [];
  for (let update = 1; update <= 3; update++) {
    const scalars = { ...SCALARS, update, clipGrad, wantGradNorm: false, microBatchSize: model.batchSize / parts };
    const tokens = (update === 3 && lastTokens) || batch.tokens;
    const { losses, applied } = await engine.trainStep({ ...batch, tokens }, scalars);
    results.push({ losses: [...losses], applied });
  }
  const { raw, ema, optimizer } = await engine.tensors();
  const tensors: Record<string, string> = {};
  for (const [kind, group] of Object.entries({ raw, ema, optimizer }))
    for (const { name, data } of group) tensors[`${kind} ${name}`] = createHash("sha256").update(data).digest("hex");
  const allFinite = [...raw, ...ema, ...optimizer].every(({ data }) => data.every(Number.isFinite));
  await engine.dispose();
  return { results, tensors, allFinite };
}

describeEachSet("updates between the products of the backward pass", (set) => {
  it.each([...TINY_CASES, WIDE])("leave the same bits as one afterwards: $title", async (tiny) => {
    const model = tinyModel(tiny);
    const after = await train(model, set, { clipGrad: FAR_AWAY });
    expect(after.results.every(({ applied }) => applied)).toBe(true);
    for (const threads of [1, 2, 3]) expect(await train(model, set, { threads })).toEqual(after);
  });

  it("wait for the last micro-batch", async () => {
    const model = tinyModel(WIDE);
    const after = await train(model, set, { parts: 2, clipGrad: FAR_AWAY });
    expect(await train(model, set, { parts: 2 })).toEqual(after);
    const whole = await train(model, set, {});
    expect(after.tensors).not.toEqual(whole.tensors);
    expect(Math.abs(after.results[2]!.losses[0]! / whole.results[2]!.losses[0]! - 1)).toBeLessThan(1e-3);
  });

  it.each([
    ["first", 1, 0],
    ["last", 1, 3],
    ["first of two micro-batches'", 2, 0],
    ["last of two micro-batches'", 2, 3],
  ])("are left out where the %s image's loss is no number", async (_, parts, image) => {
    const model = tinyModel(WIDE);
    const lastTokens = batchOf(model).tokens.slice();
    lastTokens[(lastTokens.length / model.batchSize) * image] = Number.NaN;
    const { results, tensors, allFinite } = await train(model, set, { parts, lastTokens });
    expect(results.map(({ applied }) => applied)).toEqual([true, true, false]);
    expect(allFinite).toBe(true);
    expect(tensors).toEqual((await train(model, set, { parts, lastTokens, clipGrad: FAR_AWAY })).tensors);
  });
});

describe("the native program of a training step with updates", () => {
  it("updates every weight once, most of them before the last product", () => {
    const { shape, batchSize, visibleTokens } = tinyModel(TINY_CASES[6]!);
    const weights = parameterSpecs(shape).map(({ name }) => ({ parameter: name, gradient: `gradient:${name}` }));
    const graph = trainingGraph(shape, batchSize, visibleTokens, ALL_COMPOSITES);
    const { words, arrays, inputs } = compileProgram(graph, { loss: "loss", weights });
    const names = Object.keys(INSTRUCTIONS) as (keyof typeof INSTRUCTIONS)[];
    const order: { name: string; words: number[] }[] = [];
    for (let at = 0; at < words.length; ) {
      const name = names[words[at]!]!;
      order.push({ name, words: [...words.subarray(at + 1, at + 1 + INSTRUCTIONS[name])] });
      at += 1 + INSTRUCTIONS[name];
    }
    const places = order.flatMap(({ name }, i) => (name === "update" ? [i] : []));
    const updated = places.map((i) => order[i]!.words.slice(0, 5).map((word) => arrays[-1 - word]!));
    expect(updated.map(([parameter]) => parameter).sort()).toEqual(weights.map(({ parameter }) => parameter).sort());
    for (const [parameter, ...others] of updated) {
      expect(others).toEqual([`gradient:${parameter}`, `m:${parameter}`, `v:${parameter}`, `ema:${parameter}`]);
    }
    const lastProduct = order.findLastIndex(({ name }) => name === "product");
    expect(places.filter((i) => i < lastProduct).length).toBeGreaterThan(places.length / 2);
    expect(order.findIndex(({ name }) => name === "judge")).toBeLessThan(places[0]!);
    // Nothing reads or writes what an update has in its hands.
    places.forEach((place, k) => {
      const [parameter, gradient] = order[place]!.words.slice(0, 2) as [number, number];
      const later = order.slice(place + 1).filter(({ name }) => name !== "update" && name !== "judge");
      for (const { name, words: own } of later) {
        const tensors = placesOf(name as keyof typeof INSTRUCTIONS, own);
        expect(tensors, `${updated[k]![0]} in ${name}`).not.toContain(parameter);
        expect(tensors, `${updated[k]![1]} in ${name}`).not.toContain(gradient);
      }
    });
    expect(inputs).toBeLessThan(arrays.length);
  });
});

/** Words of an instruction that are one of the caller's arrays; negative numbers are nothing else but floats' bits. */
function placesOf(name: keyof typeof INSTRUCTIONS, words: readonly number[]): readonly number[] {
  const FLOATS: Partial<Record<keyof typeof INSTRUCTIONS, readonly number[]>> = {
    product: [12, 13],
    layerNorm: [8],
    unary: [1],
  };
  return words.filter((word, i) => word < 0 && word > -(2 ** 31) && !FLOATS[name]?.includes(i));
}
