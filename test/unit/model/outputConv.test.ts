/** The output convolution where its definition says what comes out; its numbers are held against PyTorch in ../engine. */
import { describe, expect, it } from "vitest";
import { tokensToImages } from "../../../src/core/batch/tokens.ts";
import { BACKBONE_NAMES, parameterSpecs } from "../../../src/core/model/backbones.ts";
import { gradientName, predictionGraph } from "../../../src/core/model/graphs.ts";
import { withOutputConvWeights } from "../../../src/core/model/outputConv.ts";
import type { ModelShape } from "../../../src/core/model/shape.ts";
import { Engine } from "../../../src/trainer/engine/engine.ts";
import { interpret, type Values } from "../engine/float64Interpreter.ts";
import { testBackends, titleOf } from "../engine/testBackends.ts";
import { TINY_CASES, type TinyCase, tinyModel } from "../engine/tinyModels.ts";
import { batchOf, SCALARS } from "../engine/tinySteps.ts";

const caseOf = (title: string): TinyCase => TINY_CASES.find((tiny) => tiny.title.includes(title))!;
const MASKED = caseOf("depth 2, patch");
const WHOLE = caseOf("depth 1, whole images, grey");
const [weight, bias] = ["output_conv.weight", "output_conv.bias"] as const;
const withConv = (shape: ModelShape): ModelShape => ({ ...shape, outputConv: "residual" });

describe.each(BACKBONE_NAMES)("%s", (backbone) => {
  const plain: ModelShape = { ...MASKED.shape, backbone };

  it("has two tensors more, the last ones, of zeros", () => {
    expect(parameterSpecs(withConv(plain))).toEqual([
      ...parameterSpecs(plain),
      { name: weight, shape: [3, 3, 3, 3], init: "zeros" },
      { name: bias, shape: [3], init: "zeros" },
    ]);
  });

  it("with dropped tokens predicts by the same nodes, and its gradients are zero", () => {
    const kinds = (shape: ModelShape) => predictionGraph(shape, 2, 7).nodes.map(({ operation }) => operation);
    expect(kinds(withConv(plain))).toEqual(kinds(plain));
    expect(predictionGraph(withConv(plain), 2, 7).inputs).toHaveLength(predictionGraph(plain, 2, 7).inputs.length);
    const { training, inputs } = tinyModel({ ...MASKED, shape: withConv(plain) });
    const outputs = interpret(training, inputs);
    for (const name of [weight, bias])
      expect(outputs.get(gradientName(name))!.every((value) => value === 0)).toBe(true);
  });

  it.each(["route", "fuse"] as const)("with %s, whose loss is over all tokens, learns whatever is hidden", (mode) => {
    const shape = withConv({ ...plain, depth: 3, hidden: { mode, denseBlocks: 1 } });
    const { training, inputs } = tinyModel({ ...MASKED, shape });
    const outputs = interpret(training, inputs);
    for (const name of [weight, bias]) expect(outputs.get(gradientName(name))!.some((value) => value !== 0)).toBe(true);
  });
});

/** The output as an image [8, 8], with the weights of the kernel given. */
function imageWith(kernel: readonly number[], offset: number): Float32Array {
  const { prediction, inputs } = tinyModel({ ...WHOLE, shape: withConv(WHOLE.shape), batchSize: 1 });
  const values = new Map<string, Values>(inputs).set(weight, kernel).set(bias, [offset]);
  return tokensToImages(Float32Array.from(interpret(prediction, values).get("output")!), 1, WHOLE.shape);
}

describe("the window", () => {
  const none = new Array<number>(9).fill(0);
  const y = imageWith(none, 0);

  it.each([
    [0, -1, -1],
    [1, -1, 0],
    [3, 0, -1],
    [4, 0, 0],
    [5, 0, 1],
    [8, 1, 1],
  ])(
    "at %i adds the pixel that lies %i rows and %i columns further, and nothing beyond the border",
    (at, down, right) => {
      const changed = imageWith(none.with(at, 2), 0.5);
      for (let row = 0; row < 8; row++) {
        for (let column = 0; column < 8; column++) {
          const [from, there] = [row + down, column + right];
          const isInside = from >= 0 && from < 8 && there >= 0 && there < 8;
          const expected = y[8 * row + column]! + 0.5 + (isInside ? 2 * y[8 * from + there]! : 0);
          expect(changed[8 * row + column]).toBeCloseTo(expected, 5);
        }
      }
    },
  );
});

describe("weights", () => {
  const specs = parameterSpecs(withConv(WHOLE.shape));
  const tensors = new Map(
    specs.map(({ name, shape }) => [name, { name, shape, data: new Float32Array(shape.reduce((a, b) => a * b)) }]),
  );
  const without = new Map([...tensors].filter(([name]) => !name.startsWith("output_conv.")));

  it("without it begin at zero, which is said", () => {
    const { tensors: all, note } = withOutputConvWeights(without, withConv(WHOLE.shape), "a.safetensors");
    expect(all).toEqual(tensors);
    expect(note).toMatch(/^a\.safetensors has no output convolution, so it begins at zero/);
  });

  it("are left as they are where they have it, have half of it, or need none", () => {
    const half = new Map([...without, [bias, tensors.get(bias)!]]);
    for (const given of [tensors, half])
      expect(withOutputConvWeights(given, withConv(WHOLE.shape), "a")).toEqual({ tensors: given, note: null });
    expect(withOutputConvWeights(without, WHOLE.shape, "a")).toEqual({ tensors: without, note: null });
  });
});

const backends = await testBackends();

describe.each(backends.map((found) => [titleOf(found), found.backend] as const))("%s", (_, backend) => {
  const shape = withConv(MASKED.shape);
  const masked = tinyModel({ ...MASKED, shape });
  const whole = tinyModel({ ...MASKED, shape, mask: WHOLE.mask });
  const scalars = { ...SCALARS, microBatchSize: MASKED.batchSize, clipGrad: 1, wantGradNorm: true };

  it.skipIf(backend === null)("stays exactly zero, moments and average too, until whole images come", async () => {
    const engine = new Engine(backend!, { shape, seed: 4 });
    const all = async () => {
      const { raw, ema, optimizer } = await engine.tensors();
      const own = [...raw, ...ema, ...optimizer].filter(({ name }) => name.includes("output_conv."));
      expect(own).toHaveLength(8);
      return own.map(({ data }) => data.some((value) => value !== 0));
    };
    for (const update of [1, 2, 3]) await engine.trainStep(batchOf(masked), { ...scalars, update });
    expect(await all()).toEqual(new Array(8).fill(false));
    await engine.trainStep(batchOf(whole), { ...scalars, update: 4 });
    expect(await all()).toEqual(new Array(8).fill(true));
    await engine.dispose();
  });
});
