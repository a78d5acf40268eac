import { expect, it } from "vitest";
import { GraphBuilder } from "../../../src/core/model/graph/builder.ts";
import { add, linear, matmul } from "../../../src/core/model/graph/operations.ts";
import { nativeBackend } from "../../../src/trainer/engine/native/backend.ts";
import { relativeError } from "../engine/compare.ts";
import { normals } from "../engine/tinyModels.ts";
import { describeEachSet } from "./instructionSets.ts";

/** Below, at and above the sides of tiles, slices and blocks of kernels/product.h. */
const SIZES = [
  [1, 1, 1],
  [5, 3, 7],
  [6, 16, 384],
  [7, 17, 385],
  [12, 32, 10],
  [145, 129, 70],
  [97, 193, 177],
  [300, 40, 1000],
  [33, 700, 50],
  [2500, 20, 900],
  [20, 48, 9000],
  // rows a multiple of 4 KiB apart
  [27, 33, 2048],
] as const;

function reference(
  [m, n, k]: readonly [number, number, number],
  a: Float32Array,
  b: Float32Array,
  transA: boolean,
  transB: boolean,
): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const left = a[transA ? p * m + i : i * k + p]!;
      for (let j = 0; j < n; j++) out[i * n + j]! += left * b[transB ? j * k + p : p * n + j]!;
    }
  }
  return out;
}

describeEachSet("matrix products", (set) => {
  it.each(SIZES)("%i by %i, %i deep, in every form", async (m, n, k) => {
    const backend = nativeBackend(2, set);
    const [a, b] = [normals(1, m * k), normals(2, k * n)];
    for (const transA of [false, true]) {
      for (const transB of [false, true]) {
        const g = new GraphBuilder();
        const left = g.input("a", transA ? [k, m] : [m, k]);
        const right = g.input("b", transB ? [n, k] : [k, n]);
        const executable = await backend.compile(
          g.build({ y: matmul(g, left, right, { transA, transB, alpha: 0.5 }) }),
        );
        const y = new Float32Array(m * n);
        await executable.run(
          new Map([
            ["a", a],
            ["b", b],
          ]),
          new Map([["y", y]]),
        );
        await executable.dispose();
        const expected = reference([m, n, k], a, b, transA, transB).map((value) => value / 2);
        expect(relativeError(y, expected), `${transA} ${transB}`).toBeLessThan(2e-6);
      }
    }
  });

  it("take in a bias and what is added to them", async () => {
    const [m, n, k] = [50, 37, 400] as const;
    const [x, w, bias, added] = [normals(1, m * k), normals(2, n * k), normals(3, n), normals(4, m * n)];
    const g = new GraphBuilder();
    const inputs = [
      g.input("x", [m, k]),
      g.input("w", [n, k]),
      g.input("bias", [n]),
      g.input("added", [m, n]),
    ] as const;
    const product = linear(g, inputs[0], inputs[1], inputs[2], { product: 0.25, bias: 3 });
    const executable = await nativeBackend(2, set).compile(g.build({ y: add(g, inputs[3], product) }));
    const y = new Float32Array(m * n);
    const arrays = new Map(Object.entries({ x, w, bias, added }));
    await executable.run(arrays, new Map([["y", y]]));
    const expected = reference([m, n, k], x, w, false, true).map(
      (value, i) => value / 4 + 3 * bias[i % n]! + added[i]!,
    );
    expect(relativeError(y, expected)).toBeLessThan(2e-6);
  });
});
