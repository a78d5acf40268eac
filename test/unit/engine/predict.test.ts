/** `Engine.predict` of whole images and of what is visible of them, against the float64 interpreter. */
import { describe, expect, it } from "vitest";
import type { NamedTensor } from "../../../src/core/model/tensor.ts";
import { Engine } from "../../../src/trainer/engine/engine.ts";
import { relativeError } from "./compare.ts";
import { interpret } from "./float64Interpreter.ts";
import { testBackend } from "./testBackends.ts";
import { TINY_CASES, type TinyModel, tinyModel } from "./tinyModels.ts";

const TOLERANCE = 1e-4;
const { backend } = await testBackend("onnx");

async function engineOf({ shape, specs, inputs }: TinyModel): Promise<Engine> {
  const engine = new Engine(backend!, { shape, seed: 0 });
  const tensors = specs.map(({ name, shape }): [string, NamedTensor] => [
    name,
    { name, shape, data: inputs.get(name) as Float32Array },
  ]);
  await engine.load(new Map(tensors), "raw", "the test");
  return engine;
}

const expected = ({ prediction, inputs }: TinyModel): Float64Array => interpret(prediction, inputs).get("output")!;

function predicted(engine: Engine, model: TinyModel, visible: Int32Array | null): Promise<Float32Array> {
  const { shape, inputs, timesteps } = model;
  const labels = shape.numClasses > 0 ? (inputs.get("labels") as Int32Array) : null;
  return engine.predict(inputs.get("tokens") as Float32Array, timesteps, labels, "raw", visible);
}

// One of each backbone and of each way with hidden tokens: the networks themselves are compared elsewhere, on every backend.
const kindOf = ({ shape }: (typeof TINY_CASES)[number]): string => `${shape.backbone} ${shape.hidden.mode}`;
const MASKED = TINY_CASES.filter(({ mask }) => mask.strategy !== "none");
const CASES = MASKED.filter((tiny, i) => MASKED.findIndex((other) => kindOf(other) === kindOf(tiny)) === i);

describe.each(CASES)("$title", (tiny) => {
  const masked = tinyModel(tiny);
  const whole = tinyModel({ ...tiny, mask: { ...tiny.mask, strategy: "none", rate: 0 } });

  it("predicts what is visible where it lies, and whole images before and after", async () => {
    const engine = await engineOf(masked);
    // In turn, since programs of both kinds are kept.
    for (const _ of ["compiled", "kept"]) {
      expect(relativeError(await predicted(engine, whole, null), expected(whole))).toBeLessThan(TOLERANCE);
      expect(relativeError(await predicted(engine, masked, masked.visible), expected(masked))).toBeLessThan(TOLERANCE);
    }
    // All tokens named are the same as none named.
    expect(await predicted(engine, whole, whole.visible)).toEqual(await predicted(engine, whole, null));
    await engine.dispose();
  });

  it("says something else where other tokens are visible", async () => {
    const engine = await engineOf(masked);
    const N = (tiny.shape.imageSize / tiny.shape.patchSize) ** 2;
    // Each image's tokens mirrored, in ascending order again.
    const S = masked.visibleTokens;
    const mirrored = masked.visible.map((_, i) => N - 1 - masked.visible[i - 2 * (i % S) + S - 1]!);
    const [here, there] = [await predicted(engine, masked, masked.visible), await predicted(engine, masked, mirrored)];
    expect(relativeError(there, here)).toBeGreaterThan(100 * TOLERANCE);
    await engine.dispose();
  });
});
