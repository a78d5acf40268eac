import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../../src/core/model/graph/builder.ts";
import { matrixProductFlops } from "../../../src/core/model/graph/flops.ts";
import { type Graph, type GraphNode, pruned, sizeOf } from "../../../src/core/model/graph/graph.ts";
import { erfGate, layerNorm, selfAttention } from "../../../src/core/model/graph/layers.ts";
import { ALL_COMPOSITES, type Composites, lowered, NO_COMPOSITES } from "../../../src/core/model/graph/lower.ts";
import { add, linear, weightedSquaredError } from "../../../src/core/model/graph/operations.ts";
import { rematerialised } from "../../../src/core/model/graph/rematerialise.ts";
import { arenaBytes } from "../../../src/trainer/engine/native/program.ts";
import { emitOnnx } from "../../../src/trainer/engine/onnx/emit.ts";
import { executedNodes } from "./executedNodes.ts";
import { interpret } from "./float64Interpreter.ts";
import { normals } from "./tinyModels.ts";

const [IMAGES, TOKENS, D] = [2, 5, 12];

/** Gradients of blocks of attention and MLP, one after the other, with nothing computed again. */
function plainGraph(blocks: number, composites: Composites = NO_COMPOSITES): Graph {
  const g = new GraphBuilder();
  const rows = IMAGES * TOKENS;
  const parameters: ReturnType<typeof g.input>[] = [];
  const parameter = (name: string, ...shape: number[]) => {
    const tensor = g.input(name, shape);
    parameters.push(tensor);
    return tensor;
  };
  let x = g.input("x", [rows, D]);
  for (let i = 0; i < blocks; i++) {
    const dense = (y: typeof x, name: string, [from, to]: readonly [number, number]) =>
      linear(g, y, parameter(`${name}${i}`, to, from), parameter(`${name}Bias${i}`, to));
    const norm = (y: typeof x, name: string) =>
      layerNorm(g, y, parameter(`${name}Gain${i}`, D), parameter(`${name}Bias${i}`, D), 1e-5);
    const attended = selfAttention(g, dense(norm(x, "norm1"), "qkv", [D, 3 * D]), IMAGES, 3);
    x = add(g, x, dense(attended, "proj", [D, D]));
    x = add(g, x, dense(erfGate(g, dense(norm(x, "norm2"), "fc1", [D, 4 * D])), "fc2", [4 * D, D]));
  }
  const loss = weightedSquaredError(g, x, g.input("target", [rows, D]), g.input("weight", [rows, 1]));
  const gradients = g.gradients(loss, g.input("one", [1, 1]), parameters);
  const sums = Object.fromEntries(gradients.map((gradient, i) => [`gradient${i}`, gradient!]));
  return lowered(pruned(g.build({ loss }, sums)), composites);
}

const KINDS = [
  ["operations of every backend", undefined],
  ["the native backend's", ALL_COMPOSITES],
] as const;

const lossAt = ({ nodes, outputs }: Graph) =>
  nodes.findIndex((node) => node.outputs.some(({ id }) => id === outputs[0]!.tensor.id));
const texts = (nodes: readonly GraphNode[]) =>
  nodes.map(({ operation, outputs }) => `${operation.kind} ${outputs[0]!.shape.join(" ")}`);

describe.each(KINDS)("rematerialised, %s", (_, composites) => {
  const graph = plainGraph(3, composites);
  const result = rematerialised(graph);

  it("leaves the forward pass, and computes nothing before it is known what from", () => {
    const turn = lossAt(graph) + 1;
    expect(result.nodes.slice(0, turn)).toEqual(graph.nodes.slice(0, turn));
    const known = new Set(result.inputs.map(({ tensor }) => tensor.id));
    for (const { inputs, outputs } of result.nodes) {
      for (const { id } of inputs) expect(known).toContain(id);
      for (const { id } of outputs) {
        expect(known).not.toContain(id);
        known.add(id);
      }
    }
  });

  it("computes again what each block normalises, gates and has attended, and no product", () => {
    const own = new Set(graph.nodes.flatMap(({ outputs }) => outputs.map(({ id }) => id)));
    const added = result.nodes.filter(({ outputs }) => !own.has(outputs[0]!.id));
    const block = composites
      ? ["erfGate 10 48", "layerNorm 10 12", "layerNorm 10 12"]
      : ["mul 10 48", "layerNorm 10 12", "transpose 2 5 3 4", "reshape 10 12", "layerNorm 10 12"];
    expect(texts(added).sort()).toEqual([...block, ...block, ...block].sort());
    expect(matrixProductFlops(result)).toBe(matrixProductFlops(graph));
  });

  it("keeps nothing longer than before", () => {
    const lastReads = ({ nodes }: Graph) =>
      new Map(nodes.flatMap(({ outputs, inputs }) => inputs.map(({ id }) => [id, outputs[0]!.id])));
    const order = new Map(result.nodes.map(({ outputs }, at) => [outputs[0]!.id, at]));
    const after = lastReads(result);
    const inputs = new Set(graph.inputs.map(({ tensor }) => tensor.id));
    for (const [id, before] of lastReads(graph)) {
      if (!inputs.has(id)) expect(order.get(after.get(id)!)).toBeLessThanOrEqual(order.get(before)!);
    }
  });
});

it("gives the same numbers", () => {
  const graph = plainGraph(3);
  const values = new Map(graph.inputs.map(({ name, tensor }, i) => [name, normals(i, sizeOf(tensor.shape))]));
  expect(interpret(rematerialised(graph), values)).toEqual(interpret(graph, values));
});

it("takes a quarter of the activations away", () => {
  const graph = plainGraph(8, ALL_COMPOSITES);
  expect(arenaBytes(rematerialised(graph)) / arenaBytes(graph)).toBeLessThan(0.75);
});

it("is not undone by ONNX Runtime", async () => {
  const operators = async (graph: Graph) => {
    const nodes = await executedNodes(emitOnnx(graph), new Map(), "cpu");
    return ["LayerNormalization", "Mul", "Transpose"].map((name) => nodes.filter((n) => n.operator === name).length);
  };
  const graph = plainGraph(3);
  const [norms, gates, transposes] = await operators(graph);
  expect(await operators(rematerialised(graph))).toEqual([norms! + 6, gates! + 3, transposes! + 3]);
});
