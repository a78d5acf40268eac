import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../../src/core/model/graph/builder.ts";
import { type Graph, pruned, sizeOf, type Tensor } from "../../../src/core/model/graph/graph.ts";
import {
  erfGate,
  layerNorm,
  queryKeyNorm,
  rmsNorm,
  selfAttention,
  silu,
  siluGate,
} from "../../../src/core/model/graph/layers.ts";
import { lowered, NO_COMPOSITES } from "../../../src/core/model/graph/lower.ts";
import {
  add,
  concat,
  gatherRows,
  linear,
  matmul,
  multiply,
  reshape,
  scale,
  split,
  subtract,
  sum,
  transpose,
  weightedSquaredError,
} from "../../../src/core/model/graph/operations.ts";
import type { Feed } from "../../../src/trainer/engine/backend.ts";
import { maxAbs, outputArrays, relativeError } from "./compare.ts";
import { erf, interpret, type Values } from "./float64Interpreter.ts";
import { testBackends, titleOf } from "./testBackends.ts";
import { normals } from "./tinyModels.ts";

const STEP = 1e-4;
const FINITE_DIFFERENCE_TOLERANCE = 1e-6;
const BACKEND_TOLERANCE = 1e-4;

interface OperationCase {
  readonly title: string;
  /** shapes of the float32 inputs, by which the result is differentiated */
  readonly shapes: readonly (readonly number[])[];
  /** an int32 input, passed last */
  readonly index?: readonly number[];
  /** false: the operation serves inside gradients and has none of its own */
  readonly differentiable?: boolean;
  readonly build: (g: GraphBuilder, inputs: readonly Tensor[]) => Tensor;
}

type Build = OperationCase["build"];
const binary =
  (operation: typeof add): Build =>
  (g, [a, b]) =>
    operation(g, a!, b!);
const product =
  (options: Parameters<typeof matmul>[3]): Build =>
  (g, [a, b]) =>
    matmul(g, a!, b!, options);

const CASES: readonly OperationCase[] = [
  {
    title: "add",
    shapes: [
      [3, 4],
      [3, 4],
    ],
    build: binary(add),
  },
  { title: "add, row broadcast", shapes: [[3, 4], [4]], build: binary(add) },
  {
    title: "add, both broadcast",
    shapes: [
      [3, 1, 4],
      [2, 1],
    ],
    build: binary(add),
  },
  {
    title: "subtract, column broadcast",
    shapes: [
      [3, 4],
      [3, 1],
    ],
    build: binary(subtract),
  },
  { title: "subtract, minuend broadcast", shapes: [[4], [2, 3, 4]], build: binary(subtract) },
  {
    title: "multiply",
    shapes: [
      [3, 4],
      [3, 4],
    ],
    build: binary(multiply),
  },
  {
    title: "multiply, both broadcast",
    shapes: [
      [2, 1, 4],
      [3, 1],
    ],
    build: binary(multiply),
  },
  { title: "multiply by itself", shapes: [[3, 4]], build: (g, [a]) => multiply(g, a!, a!) },
  { title: "scale", shapes: [[3, 4]], build: (g, [a]) => scale(g, a!, -1.7) },
  { title: "reshape", shapes: [[3, 4]], build: (g, [a]) => reshape(g, a!, [2, 3, 2]) },
  { title: "transpose of rank 2", shapes: [[3, 4]], build: (g, [a]) => transpose(g, a!, [1, 0]) },
  { title: "transpose of rank 4", shapes: [[2, 3, 4, 5]], build: (g, [a]) => transpose(g, a!, [0, 2, 1, 3]) },
  { title: "transpose of rank 5", shapes: [[2, 3, 3, 2, 4]], build: (g, [a]) => transpose(g, a!, [2, 0, 3, 1, 4]) },
  { title: "transpose, all axes moved", shapes: [[2, 3, 4]], build: (g, [a]) => transpose(g, a!, [2, 0, 1]) },
  {
    title: "split, every part used",
    shapes: [[3, 6]],
    build: (g, [a]) => {
      const [x, y, z] = split(g, a!, 1, [2, 2, 2]);
      return multiply(g, add(g, x!, scale(g, y!, 3)), z!);
    },
  },
  { title: "split, parts unused", shapes: [[2, 7, 3]], build: (g, [a]) => split(g, a!, 1, [1, 2, 4])[1]! },
  {
    title: "concat of three along the middle axis",
    shapes: [
      [2, 1, 3],
      [2, 4, 3],
      [2, 2, 3],
    ],
    build: (g, parts) => concat(g, parts, 1),
  },
  { title: "concat of a tensor with itself", shapes: [[3, 2]], build: (g, [a]) => concat(g, [a!, a!], 1) },
  { title: "linear", shapes: [[5, 3], [4, 3], [4]], build: (g, [x, w, b]) => linear(g, x!, w!, b!) },
  {
    title: "linear, scaled",
    shapes: [[5, 3], [4, 3], [4]],
    build: (g, [x, w, b]) => linear(g, x!, w!, b!, { product: 0.7, bias: 0.4 }),
  },
  {
    title: "linear without bias",
    shapes: [
      [5, 3],
      [4, 3],
    ],
    build: (g, [x, w]) => linear(g, x!, w!, null, { product: 1.3 }),
  },
  {
    title: "matmul",
    shapes: [
      [3, 4],
      [4, 5],
    ],
    build: product({}),
  },
  {
    title: "matmul, right transposed, scaled",
    shapes: [
      [3, 4],
      [5, 4],
    ],
    build: product({ transB: true, alpha: 0.3 }),
  },
  {
    title: "matmul with a column",
    shapes: [
      [6, 4],
      [4, 1],
    ],
    build: product({ alpha: -2 }),
  },
  {
    title: "batched matmul",
    shapes: [
      [2, 3, 4, 5],
      [2, 3, 5, 2],
    ],
    build: product({ alpha: 0.5 }),
  },
  {
    title: "batched matmul, right transposed",
    shapes: [
      [2, 3, 4, 5],
      [2, 3, 6, 5],
    ],
    build: product({ transB: true }),
  },
  {
    title: "matmul, left transposed",
    shapes: [
      [4, 3],
      [4, 5],
    ],
    differentiable: false,
    build: product({ transA: true, alpha: 2 }),
  },
  {
    title: "matmul of a batch with one matrix",
    shapes: [
      [2, 3, 4],
      [5, 4],
    ],
    differentiable: false,
    build: product({ transB: true, alpha: 3 }),
  },
  {
    title: "batched matmul of large matrices, left transposed",
    shapes: [
      [2, 2, 90, 75],
      [2, 2, 90, 80],
    ],
    differentiable: false,
    build: product({ transA: true, alpha: 0.1 }),
  },
  {
    title: "batched matmul of large matrices, right transposed",
    shapes: [
      [3, 1, 75, 90],
      [3, 1, 80, 90],
    ],
    differentiable: false,
    build: product({ transB: true }),
  },
  {
    title: "gatherRows, rows repeated and left out",
    shapes: [[4, 3]],
    index: [2, 0, 2, 2, 3],
    build: (g, [table, index]) => gatherRows(g, table!, index!),
  },
  {
    title: "sum over the first axis",
    shapes: [[4, 3]],
    differentiable: false,
    build: (g, [a]) => sum(g, a!, [0], false),
  },
  {
    title: "sum over the first two axes, kept",
    shapes: [[4, 3, 2]],
    differentiable: false,
    build: (g, [a]) => sum(g, a!, [0, 1], true),
  },
  {
    title: "sum over first and last axis",
    shapes: [[4, 3, 2]],
    differentiable: false,
    build: (g, [a]) => sum(g, a!, [0, 2], false),
  },
  {
    title: "layerNorm",
    shapes: [[5, 8], [8], [8]],
    build: (g, [x, gain, bias]) => layerNorm(g, x!, gain!, bias!, 1e-5),
  },
  {
    title: "layerNorm of nearly constant rows",
    shapes: [[5, 8], [8], [8]],
    build: (g, [x, gain, bias]) => layerNorm(g, scale(g, x!, 0.003), gain!, bias!, 1e-5),
  },
  {
    title: "rmsNorm",
    shapes: [[5, 8], [8]],
    build: (g, [x, gain]) => rmsNorm(g, x!, gain!, 1e-6),
  },
  {
    title: "rmsNorm of nearly nothing, whose epsilon counts",
    shapes: [[5, 7], [7]],
    build: (g, [x, gain]) => rmsNorm(g, scale(g, x!, 0.001), gain!, 1e-6),
  },
  {
    title: "queryKeyNorm",
    shapes: [[4, 3 * 6], [3], [3]],
    build: (g, [qkv, q, k]) => queryKeyNorm(g, qkv!, [q!, k!], { heads: 2, epsilon: 1e-6 }),
  },
  { title: "siluGate", shapes: [[5, 2 * 9]], build: (g, [x]) => siluGate(g, x!) },
  {
    title: "selfAttention",
    shapes: [[2 * 5, 3 * 6]],
    build: (g, [qkv]) => selfAttention(g, qkv!, 2, 2),
  },
  { title: "erfGate", shapes: [[6, 5]], build: (g, [u]) => erfGate(g, u!) },
  { title: "silu", shapes: [[6, 5]], build: (g, [x]) => silu(g, x!) },
  {
    title: "weightedSquaredError",
    shapes: [[3, 4]],
    build: (g, [output]) => {
      const target = g.input("target", [3, 4]);
      const weight = g.input("weight", [3, 1]);
      return weightedSquaredError(g, output!, target, weight);
    },
  },
  {
    title: "a value used several times",
    shapes: [[3, 3]],
    build: (g, [a]) => add(g, matmul(g, a!, a!), multiply(g, silu(g, a!), a!)),
  },
];

interface Built {
  readonly graph: Graph;
  readonly inputs: ReadonlyMap<string, Feed>;
  /** names of the float32 inputs */
  readonly names: readonly string[];
}

/** Graph with the output y and, for each input, the gradient of sum(seed * y). */
function build({ shapes, index, differentiable = true, build }: OperationCase): Built {
  const g = new GraphBuilder();
  const names = shapes.map((_, i) => `input${i}`);
  const tensors = shapes.map((shape, i) => g.input(names[i]!, shape));
  const indexInput = index ? [g.input("index", [index.length], "int32")] : [];
  const y = build(g, [...tensors, ...indexInput]);
  const outputs: Record<string, Tensor> = { y };
  if (differentiable) {
    const seed = g.input("seed", y.shape);
    g.gradients(y, seed, tensors).forEach((gradient, i) => {
      outputs[`gradient${i}`] = gradient!;
    });
  }
  const graph = pruned(g.build(outputs));
  const inputs = new Map<string, Feed>(
    graph.inputs.map(({ name, tensor }, i) => [name, normals(5000 + i, sizeOf(tensor.shape))]),
  );
  if (index) inputs.set("index", Int32Array.from(index));
  return { graph, inputs, names };
}

const built = CASES.map((operation) => ({ ...operation, ...build(operation) }));

describe("gradients agree with finite differences", () => {
  const differentiable = built.filter((operation) => operation.differentiable !== false);
  it.each(differentiable)("$title", ({ graph, inputs, names }) => {
    const results = interpret(graph, inputs);
    const seed = inputs.get("seed")!;
    const value = (changed: ReadonlyMap<string, Values>) =>
      interpret(graph, changed)
        .get("y")!
        .reduce((total, y, i) => total + y * seed[i]!, 0);
    names.forEach((name, k) => {
      const gradient = results.get(`gradient${k}`)!;
      const numeric = gradient.map((_, element) => {
        const at = (step: number) => {
          const moved = Float64Array.from(inputs.get(name)!);
          moved[element] = moved[element]! + step;
          return value(new Map<string, Values>(inputs).set(name, moved));
        };
        return (at(STEP) - at(-STEP)) / (2 * STEP);
      });
      expect(maxAbs(gradient)).toBeGreaterThan(0);
      expect(relativeError(numeric, gradient), name).toBeLessThan(FINITE_DIFFERENCE_TOLERANCE);
    });
  });
});

const backends = await testBackends();

for (const candidate of backends) {
  const { backend } = candidate;
  describe.skipIf(!backend)(titleOf(candidate), () => {
    it.each(built)("$title", async ({ graph, inputs }) => {
      const expected = interpret(graph, inputs);
      const outputs = outputArrays(graph);
      const executable = await backend!.compile(lowered(graph, backend!.composites ?? NO_COMPOSITES));
      await executable.run(inputs, outputs);
      await executable.dispose();
      for (const [name, values] of outputs) {
        expect(relativeError(values, expected.get(name)!), name).toBeLessThan(BACKEND_TOLERANCE);
      }
    });
  });
}

describe("reference values", () => {
  const evaluate = (inputs: Record<string, { shape: number[]; data: number[] }>, build: Build): number[] => {
    const g = new GraphBuilder();
    const tensors = Object.entries(inputs).map(([name, { shape }]) => g.input(name, shape));
    const y = build(g, tensors);
    const values = new Map(Object.entries(inputs).map(([name, { data }]) => [name, data]));
    return [...interpret(g.build({ y }), values).get("y")!];
  };

  it("erf has the values of the tables", () => {
    // Abramowitz and Stegun, table 7.1
    expect(erf(0)).toBe(0);
    expect(erf(0.5)).toBeCloseTo(0.5204998778, 10);
    expect(erf(1)).toBeCloseTo(0.8427007929, 10);
    expect(erf(-2)).toBeCloseTo(-0.995322265, 9);
    expect(erf(7)).toBe(1);
  });

  it("erfGate with its two factors is the exact GELU", () => {
    // gelu(x) = x Φ(x), with Φ(1) = 0.8413447461, Φ(2) = 0.9772498681
    const x = [-2, -1, 0, 1, 2];
    const gelu = evaluate({ x: { shape: [5], data: x } }, (g, [x]) =>
      scale(g, erfGate(g, scale(g, x!, Math.SQRT1_2)), Math.SQRT1_2),
    );
    const expected = [-2 * (1 - 0.9772498681), -(1 - 0.8413447461), 0, 0.8413447461, 2 * 0.9772498681];
    gelu.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 9);
    });
  });

  it("attention with equal keys is the mean of the values", () => {
    const mean = evaluate(
      // query, key, value of two tokens
      { qkv: { shape: [2, 3], data: [3, 2, 1, -1, 2, 5] } },
      (g, [qkv]) => selfAttention(g, qkv!, 1, 1),
    );
    expect(mean).toEqual([3, 3]);
  });

  it("attention scales the scores by 1/sqrt(d)", () => {
    const [value] = evaluate(
      // the second token's query does not matter, its key and value are nothing
      { qkv: { shape: [2, 12], data: [...new Array(12).fill(1), ...new Array(12).fill(0)] } },
      (g, [qkv]) => selfAttention(g, qkv!, 1, 1),
    );
    expect(value).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
  });

  it("layerNorm takes the population variance", () => {
    const rows = evaluate(
      {
        x: { shape: [1, 4], data: [1, 2, 3, 4] },
        gain: { shape: [4], data: [1, 1, 1, 2] },
        bias: { shape: [4], data: [0, 0, 0, 1] },
      },
      (g, [x, gain, bias]) => layerNorm(g, x!, gain!, bias!, 0),
    );
    const deviation = Math.sqrt(1.25);
    [-1.5, -0.5, 0.5, 3].forEach((value, i) => {
      expect(rows[i]).toBeCloseTo(value / deviation + (i === 3 ? 1 : 0), 12);
    });
  });

  it("rmsNorm divides by the root of the mean square", () => {
    const [a, b] = evaluate(
      { x: { shape: [1, 2], data: [3, -4] }, gain: { shape: [2], data: [1, 2] } },
      (g, [x, gain]) => rmsNorm(g, x!, gain!, 0.5),
    );
    expect(a).toBeCloseTo(3 / Math.sqrt(13), 12);
    expect(b).toBeCloseTo(-8 / Math.sqrt(13), 12);
  });

  it("siluGate takes the first half of a row as gates", () => {
    const silu = (x: number) => x / (1 + Math.exp(-x));
    const rows = evaluate({ x: { shape: [2, 4], data: [1, -2, 3, 4, 0, 5, 6, 7] } }, (g, [x]) => siluGate(g, x!));
    [3 * silu(1), 4 * silu(-2), 0, 7 * silu(5)].forEach((value, i) => {
      expect(rows[i]).toBeCloseTo(value, 12);
    });
  });

  it("weightedSquaredError is the weighted mean of each image", () => {
    const loss = evaluate(
      {
        output: { shape: [2, 2], data: [1, 2, 3, 4] },
        target: { shape: [2, 2], data: [0, 0, 3, 2] },
        weight: { shape: [2, 1], data: [1, 0.5] },
      },
      (g, [output, target, weight]) => weightedSquaredError(g, output!, target!, weight!),
    );
    expect(loss).toEqual([2.5, 1]);
  });
});

describe("a graph", () => {
  it("refuses shapes that do not fit", () => {
    const g = new GraphBuilder();
    const a = g.input("a", [2, 3]);
    expect(() => add(g, a, g.input("b", [2]))).toThrow("do not broadcast");
    expect(() => reshape(g, a, [4])).toThrow("[2, 3] is not of shape [4]");
    expect(() => g.input("empty", [0, 3])).toThrow("cannot be built");
  });

  it("gives null for what the value does not depend on", () => {
    const g = new GraphBuilder();
    const a = g.input("a", [2]);
    const b = g.input("b", [2]);
    const [forA, forB] = g.gradients(scale(g, a, 2), g.input("seed", [2]), [a, b]);
    expect(forA).not.toBeNull();
    expect(forB).toBeNull();
  });

  it("refuses to differentiate what has no gradient", () => {
    const differentiate = (build: (g: GraphBuilder, matrix: Tensor, batch: Tensor) => Tensor) => () => {
      const g = new GraphBuilder();
      const matrix = g.input("matrix", [2, 3]);
      const y = build(g, matrix, g.input("batch", [2, 2, 3]));
      return g.gradients(y, g.input("seed", y.shape), [matrix]);
    };
    expect(differentiate((g, a) => matmul(g, a, a, { transA: true }))).toThrow("left factor is transposed");
    expect(differentiate((g, a, b) => matmul(g, b, a, { transB: true }))).toThrow("different rank");
    expect(differentiate((g, a) => sum(g, a, [0], false))).toThrow("no gradient for a sum");
  });

  it("can put out one value under two names, and an input as it is", async () => {
    const g = new GraphBuilder();
    const a = g.input("a", [2]);
    const b = g.input("b", [2]);
    const y = add(g, a, b);
    const [forA, forB] = g.gradients(y, g.input("seed", [2]), [a, b]);
    const graph = pruned(g.build({ y, again: y, forA: forA!, forB: forB! }));
    const inputs = new Map([
      ["a", Float32Array.of(1, 2)],
      ["b", Float32Array.of(3, 5)],
      ["seed", Float32Array.of(7, 9)],
    ]);
    for (const { backend } of backends) {
      if (!backend) continue;
      const outputs = outputArrays(graph);
      const executable = await backend.compile(graph);
      await executable.run(inputs, outputs);
      expect(Object.fromEntries([...outputs].map(([name, values]) => [name, [...values]])), backend.name).toEqual({
        y: [4, 7],
        again: [4, 7],
        forA: [7, 9],
        forB: [7, 9],
      });
    }
  });
});
