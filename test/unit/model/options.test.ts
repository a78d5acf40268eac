/** What the options that all networks share make of their tensors; their numbers are held against PyTorch in ../engine. */
import { describe, expect, it } from "vitest";
import { experimentSchema } from "../../../src/core/experiment/schema.ts";
import {
  BACKBONE_NAMES,
  backboneOf,
  isBuildable,
  parameterCount,
  parameterSpecs,
} from "../../../src/core/model/backbones.ts";
import { trainingGraph } from "../../../src/core/model/graphs.ts";
import { gridPositions } from "../../../src/core/model/gridPositions.ts";
import { type ModelShape, mlpWidth, modelShape } from "../../../src/core/model/shape.ts";
import { uvit } from "../../../src/core/model/uvit/network.ts";

/** @param model other values than the defaults */
function shapeOf(backbone: string, model: object = {}): ModelShape {
  return modelShape(experimentSchema.parse({ data: { path: "." }, model: { backbone, ...model } }));
}

const tensors = (shape: ModelShape) => new Map(parameterSpecs(shape).map((spec) => [spec.name, spec]));
const firstBlock: Readonly<Record<string, string>> = { uvit: "encoder.in_blocks.0", dit: "blocks.0" };

it.each(BACKBONE_NAMES)("a file that says nothing of them has none of them: %s", (name) => {
  expect(shapeOf(name)).toMatchObject({
    qkNorm: "none",
    norm: "layer",
    mlp: "gelu",
    positions: "learned",
    outputConv: "none",
  });
});

describe.each(BACKBONE_NAMES)("%s", (name) => {
  const block = firstBlock[name];

  it("with qk_norm has a gain over the width of a head for queries and one for keys, and nothing else more", () => {
    const [plain, more] = [tensors(shapeOf(name)), tensors(shapeOf(name, { qk_norm: "rms", num_heads: 4 }))];
    const added = [...more.values()].filter(({ name }) => !plain.has(name));
    expect(added.slice(0, 2)).toEqual(
      ["q", "k"].map((part) => ({ name: `${block}.attn.${part}_norm.weight`, shape: [512 / 4], init: "ones" })),
    );
    expect(added).toHaveLength(2 * backboneOf(shapeOf(name)).blocks(13));
    expect(more.size).toBe(plain.size + added.length);
  });

  it("with RMSNorm has the gains of layer normalisation without its biases", () => {
    const isBias = (tensor: string) => /norm\d?\.bias$/.test(tensor);
    const all = [...tensors(shapeOf(name)).keys()];
    expect([...tensors(shapeOf(name, { norm: "rms" })).keys()]).toEqual(all.filter((tensor) => !isBias(tensor)));
    const constants = backboneOf(shapeOf(name)).constants(shapeOf(name, { norm: "rms" }));
    expect(constants.map((constant) => constant.name).filter(isBias)).toEqual([]);
  });

  it("with SwiGLU has gates and values in one tensor, which begins as GELU's layers do, and about as many parameters", () => {
    const [plain, more] = [tensors(shapeOf(name)), tensors(shapeOf(name, { mlp: "swiglu", embed_dim: 384 }))];
    expect(more.get(`${block}.mlp.w12.weight`)!.shape).toEqual([2048, 384]);
    expect(more.get(`${block}.mlp.w12.bias`)!.shape).toEqual([2048]);
    expect(more.get(`${block}.mlp.w3.weight`)!.shape).toEqual([384, 1024]);
    expect([...more.keys()].filter((tensor) => tensor.includes(".fc"))).toEqual([]);
    expect(Object.keys(more.get(`${block}.mlp.w12.weight`)!.init)).toEqual(
      Object.keys(plain.get(`${block}.mlp.fc1.weight`)!.init),
    );
    for (const width of [192, 384, 512, 768, 1024]) {
      const [gelu, swiglu] = (["gelu", "swiglu"] as const).map((mlp) =>
        parameterCount(shapeOf(name, { mlp, embed_dim: width })),
      );
      expect(Math.abs(swiglu! / gelu! - 1)).toBeLessThan(0.003);
    }
  });

  it("each reads all of its tensors", () => {
    const shape = shapeOf(name, { depth: 3, qk_norm: "rms", norm: "rms", mlp: "swiglu" });
    const inputs = trainingGraph(shape, 1, 8).inputs.map((input) => input.name);
    expect(inputs).toEqual(expect.arrayContaining([...tensors(shape).keys()]));
  });
});

describe("fixed positions of a U-ViT", () => {
  const POSITIONS = "encoder.encoder_pos_embed";

  it.each([0, 3])(
    "are a constant in place of the learned ones, zero for tokens of time and class: %i classes",
    (classes) => {
      const [learned, fixed] = ["learned", "sincos"].map((positions) =>
        shapeOf("uvit", { positions, embed_dim: 64, num_classes: classes }),
      ) as [ModelShape, ModelShape];
      const all = [...tensors(learned).keys()];
      expect([...tensors(fixed).keys()]).toEqual(all.filter((name) => name !== POSITIONS));
      expect(uvit.constants(learned)).toEqual([]);
      const [constant] = uvit.constants(fixed);
      expect(constant).toMatchObject({
        name: POSITIONS,
        shape: tensors(learned).get(POSITIONS)!.shape,
        inCheckpoints: true,
      });
      const extra = classes > 0 ? 2 : 1;
      const values = constant!.values();
      expect(values.subarray(0, extra * 64)).toEqual(new Float32Array(extra * 64));
      expect(values.subarray(extra * 64)).toEqual(gridPositions({ rows: 16, columns: 16 }, 64));
    },
  );

  it("need a width that they divide into four", () => {
    const buildable = (positions: string, embed_dim: number) =>
      isBuildable(shapeOf("uvit", { positions, embed_dim, num_heads: 2 }));
    expect([buildable("learned", 66), buildable("sincos", 66), buildable("sincos", 68)]).toEqual([true, false, true]);
  });
});

describe("SwiGLU's width", () => {
  // Those of LightningDiT-XL and JiT-B, and of DINOv2 where two thirds are no multiple of 8.
  it.each([
    [1152, 4, 3072],
    [768, 4, 2048],
    [512, 4, 1368],
    [1024, 4, 2736],
    [16, 3, 32],
    [10, 2.75, 24],
  ])("of %i times %f is %i", (embedDim, mlpRatio, width) => {
    expect(mlpWidth({ embedDim, mlpRatio, mlp: "swiglu" })).toBe(width);
  });
});
