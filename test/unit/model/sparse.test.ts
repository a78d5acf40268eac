/** route and fuse where their definitions say what comes out; their numbers are held against PyTorch in ../engine. */
import { describe, expect, it } from "vitest";
import { imageCost } from "../../../src/core/cost/imageCost.ts";
import { parameterSpecs } from "../../../src/core/model/backbones.ts";
import { predictionGraph, trainingGraph } from "../../../src/core/model/graphs.ts";
import type { HiddenTokens, ModelShape } from "../../../src/core/model/shape.ts";
import { sparseBlocks } from "../../../src/core/model/sparse.ts";
import { tokenFeeds } from "../../../src/core/model/tokenFeeds.ts";
import { forwardFlops } from "../cost/methodPage.ts";
import { relativeError } from "../engine/compare.ts";
import { interpret, type Values } from "../engine/float64Interpreter.ts";
import { normals, TINY_CASES, type TinyCase, tinyModel } from "../engine/tinyModels.ts";
import { small } from "../guards/presets.ts";

const caseOf = (title: string): TinyCase => TINY_CASES.find((tiny) => tiny.title.includes(title))!;
const MASKED = caseOf("depth 2, patch").mask;
const WHOLE = caseOf("DiT, whole").mask;
const uvit = (depth: number, hidden: HiddenTokens): ModelShape => ({ ...caseOf("fuse, cells").shape, depth, hidden });
const dit = (depth: number, hidden: HiddenTokens): ModelShape => ({ ...uvit(depth, hidden), backbone: "dit" });
const around = (mode: "route" | "fuse", denseBlocks: number): HiddenTokens => ({ mode, denseBlocks });
const DROP: HiddenTokens = { mode: "drop" };

type Inputs = ReadonlyMap<string, Values>;

function outputOf(shape: ModelShape, mask = MASKED, change: (inputs: Inputs) => Inputs = (inputs) => inputs): Values {
  const { prediction, inputs } = tinyModel({ title: "", shape, mask, batchSize: 2 });
  // Of all masks the same timesteps.
  const time = normals(9000, inputs.get("timeEmbedding")!.length);
  return interpret(prediction, change(new Map(inputs).set("timeEmbedding", time))).get("output")!;
}

/** Weights with which blocks do nothing: what attention and MLP add is zero. */
const idle =
  (...names: string[]) =>
  (inputs: Inputs): Inputs =>
    new Map(
      [...inputs].map(([name, values]) => {
        const isZero = names.some((block) => name.startsWith(block)) && /attn\.proj|mlp\.fc2/.test(name);
        return [name, isZero ? Float64Array.from(values, () => 0) : values];
      }),
    );

describe("route", () => {
  it.each([uvit(5, DROP), dit(4, DROP)])("at rate 0 is the plain network, node for node: $backbone", (plain) => {
    const routed = { ...plain, hidden: around("route", 1) };
    expect(parameterSpecs(routed)).toEqual(parameterSpecs(plain));
    expect(trainingGraph(routed, 2, 16)).toEqual(trainingGraph(plain, 2, 16));
    expect(predictionGraph(routed, 2, 16)).toEqual(predictionGraph(plain, 2, 16));
  });

  it("leaves hidden tokens as they are: with a middle that does nothing it is the plain network, whatever is hidden", () => {
    const still = idle("encoder.mid_block");
    expect(outputOf(uvit(3, around("route", 1)), MASKED, still)).toEqual(outputOf(uvit(3, DROP), WHOLE, still));
  });

  it("changes hidden tokens by nothing but the blocks behind the route", () => {
    // Without blocks behind it that mix tokens, only visible tokens differ from those of the idle middle.
    const shape = dit(3, around("route", 1));
    const last = idle("blocks.2");
    const moved = outputOf(shape, MASKED, last);
    const still = outputOf(shape, MASKED, (inputs) => idle("blocks.1")(last(inputs)));
    const { visible } = tinyModel({ title: "", shape, mask: MASKED, batchSize: 2 });
    const elements = moved.length / 32;
    const shown = new Set(visible.map((token, i) => 16 * Math.floor((2 * i) / visible.length) + token));
    for (let row = 0; row < 32; row++) {
      const part = (values: Values) => Array.from(values).slice(row * elements, (row + 1) * elements);
      if (shown.has(row)) expect(part(moved)).not.toEqual(part(still));
      else expect(part(moved)).toEqual(part(still));
    }
  });
});

describe("fuse", () => {
  // The join's weight is [D, 2 D] for [sparse, dense].
  const denseOnly = (inputs: Inputs): Inputs => {
    const weight = Float64Array.from({ length: 16 * 32 }, (_, i) => (i % 32 === 16 + Math.floor(i / 32) ? 1 : 0));
    return new Map(inputs).set("fuse.linear.weight", weight).set("fuse.linear.bias", new Float64Array(16));
  };

  it("joined by (0, identity) is the dense path: the first and the last blocks alone", () => {
    const whole = outputOf(dit(5, around("fuse", 1)), MASKED, denseOnly);
    const path = outputOf(dit(2, DROP), WHOLE, (own) => {
      const { inputs } = tinyModel({ title: "", shape: dit(5, around("fuse", 1)), mask: WHOLE, batchSize: 2 });
      const renamed = [...inputs].map(([name, values]) => [name.replace("blocks.4", "blocks.1"), values] as const);
      return new Map<string, Values>(renamed).set("timeEmbedding", own.get("timeEmbedding")!);
    });
    expect(relativeError(whole, path)).toBeLessThan(1e-12);
  });

  it("is so with long skips, too", () => {
    const whole = outputOf(uvit(3, around("fuse", 1)), MASKED, denseOnly);
    expect(relativeError(whole, outputOf(uvit(3, DROP), WHOLE, idle("encoder.mid_block")))).toBeLessThan(1e-12);
  });

  it("joins the two paths where nothing is hidden, without the token that stands for hidden ones", () => {
    const shape = dit(3, around("fuse", 1));
    const token = (value: number) => (inputs: Inputs) =>
      new Map(inputs).set("fuse.mask_token", new Float64Array(16).fill(value));
    expect(outputOf(shape, WHOLE, token(1))).toEqual(outputOf(shape, WHOLE, token(7)));
    expect(outputOf(shape, MASKED, token(1))).not.toEqual(outputOf(shape, MASKED, token(7)));
    expect(outputOf(shape, WHOLE)).not.toEqual(outputOf(shape, WHOLE, denseOnly));
  });

  it("adds its tensors behind the others, with SPRINT's first values", () => {
    const plain = parameterSpecs(uvit(3, DROP));
    const fused = parameterSpecs(uvit(3, around("fuse", 1)));
    expect(fused.slice(0, plain.length)).toEqual(plain);
    expect(fused.slice(plain.length)).toEqual([
      { name: "fuse.mask_token", shape: [1, 16], init: { normal: 0.02 } },
      { name: "fuse.linear.weight", shape: [16, 32], init: { uniform: Math.sqrt(6 / 48) } },
      { name: "fuse.linear.bias", shape: [16], init: "zeros" },
    ]);
  });
});

describe("the blocks in the middle", () => {
  it.each([
    [13, 2, 2, 11],
    [13, 6, 6, 7],
    // As many as leave one or two.
    [13, 7, 6, 7],
    [12, 9, 5, 7],
    [4, 2, 1, 3],
    [3, 2, 1, 2],
  ])("of %i with %i dense ones at each end: %i to %i", (blocks, denseBlocks, from, until) => {
    expect(sparseBlocks({ mode: "route", denseBlocks }, blocks)).toEqual({ from, until });
  });

  it("are all that a mask makes cheaper", () => {
    // 26 of 256 tokens in 9 of 13 blocks: what the method page has for both depths, less the ends and joins counted twice.
    const routed: ModelShape = { ...small, hidden: around("route", 2) };
    const of = (depth: number, tokens: number) => forwardFlops({ ...small, depth }, tokens);
    const ends = 2 * 2 * 256 * 48 * 512;
    const block = of(3, 256) - of(1, 256);
    const expected = of(9, 26) - 2 * 2 * 26 * 48 * 512 + 2 * block + ends;
    expect(imageCost(routed, 26).forwardFlops).toBe(expected);
  });
});

describe("the inputs that say what is hidden", () => {
  const visible = Int32Array.of(1, 3, 0, 2);

  it("are none where nothing is", () => {
    const all = Int32Array.from({ length: 16 }, (_, i) => i);
    for (const hidden of [DROP, around("route", 1)]) expect(tokenFeeds(uvit(3, hidden), all, 1).size).toBe(0);
  });

  it("name rows of the positions where hidden tokens are absent", () => {
    const feeds = tokenFeeds({ ...uvit(3, DROP), imageSize: 4 }, visible, 2);
    expect([...feeds]).toEqual([["positions", Int32Array.of(0, 2, 4, 0, 1, 3)]]);
  });

  it("name rows of the batch, and the places of all rows among them, where hidden tokens skip blocks", () => {
    const feeds = tokenFeeds({ ...uvit(3, around("route", 1)), imageSize: 4 }, visible, 2);
    expect(Object.fromEntries(feeds)).toEqual({
      "visible.kept": Int32Array.of(0, 2, 4, 5, 6, 8),
      "visible.places": Int32Array.of(0, 0, 1, 0, 2, 3, 4, 0, 5, 0),
      "visible.isKept": Float32Array.of(1, 0, 1, 0, 1, 1, 1, 0, 1, 0),
    });
  });
});
