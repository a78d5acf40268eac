/** The quickest product of two square float32 matrices on a backend of this project. */

import { GraphBuilder } from "../../src/core/model/graph/builder.ts";
import { matmul } from "../../src/core/model/graph/operations.ts";
import type { BackendName } from "../../src/trainer/engine/backend.ts";
import { tryBackend } from "../../src/trainer/engine/tryBackend.ts";

/** As the PyTorch side tries them. */
const SIZES = [1024, 2048];

/**
 * @param seconds for all sizes together
 * @throws Error where the backend does not work
 */
export async function measurePeak(
  name: BackendName,
  threads: number,
  seconds: number,
): Promise<{ flopsPerSecond: number; size: number }> {
  const trial = await tryBackend(name, threads);
  if (!trial.ok) throw new Error(trial.reason);
  let best = { flopsPerSecond: 0, size: 0 };
  for (const size of SIZES) {
    const g = new GraphBuilder();
    const product = matmul(g, g.input("a", [size, size]), g.input("b", [size, size]));
    const executable = await trial.backend.compile(g.build({ product }));
    const matrix = (seed: number) => Float32Array.from({ length: size * size }, (_, i) => Math.sin(i + seed));
    const inputs = new Map([
      ["a", matrix(0)],
      ["b", matrix(1)],
    ]);
    const outputs = new Map([["product", new Float32Array(size * size)]]);
    await executable.run(inputs, outputs);
    const end = performance.now() + (1000 * seconds) / SIZES.length;
    do {
      const start = performance.now();
      await executable.run(inputs, outputs);
      const flopsPerSecond = (2 * size ** 3) / ((performance.now() - start) / 1000);
      if (flopsPerSecond > best.flopsPerSecond) best = { flopsPerSecond, size };
    } while (performance.now() < end);
    await executable.dispose();
  }
  return best;
}
