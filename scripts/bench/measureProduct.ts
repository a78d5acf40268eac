/** How quickly a backend of this project multiplies two float32 matrices. */

import { GraphBuilder } from "../../src/core/model/graph/builder.ts";
import { matmul } from "../../src/core/model/graph/operations.ts";
import type { BackendName } from "../../src/trainer/engine/backend.ts";
import { tryBackend } from "../../src/trainer/engine/tryBackend.ts";
import type { ProductShape } from "./protocol.ts";

/**
 * @param seconds of trying, at least
 * @returns operations a second of the quickest of many products
 * @throws Error where the backend does not work
 */
export async function measureProduct(
  name: BackendName,
  threads: number,
  { m, n, k, transA }: ProductShape,
  seconds: number,
): Promise<number> {
  const trial = await tryBackend(name, threads);
  if (!trial.ok) throw new Error(trial.reason);
  const g = new GraphBuilder();
  const [left, right] = [g.input("a", transA ? [k, m] : [m, k]), g.input("b", [k, n])];
  const executable = await trial.backend.compile(g.build({ product: matmul(g, left, right, { transA }) }));
  const matrix = (size: number, seed: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(i + seed));
  const inputs = new Map([
    ["a", matrix(m * k, 0)],
    ["b", matrix(k * n, 1)],
  ]);
  const outputs = new Map([["product", new Float32Array(m * n)]]);
  await executable.run(inputs, outputs);
  let shortest = Number.POSITIVE_INFINITY;
  const end = performance.now() + 1000 * seconds;
  do {
    const start = performance.now();
    await executable.run(inputs, outputs);
    shortest = Math.min(shortest, performance.now() - start);
  } while (performance.now() < end);
  await executable.dispose();
  return (2 * m * n * k) / (shortest / 1000);
}
