/** Matrix products alone, by this project's kernels for every instruction set of the processor and by PyTorch. */
import { instructionSets } from "../../src/trainer/engine/native/backend.ts";
import { EngineFailure, type EngineProcess } from "./engineProcess.ts";
import { findEngine, type Places } from "./engines.ts";
import { turned } from "./interleave.ts";
import type { Options } from "./options.ts";
import type { ProductShape } from "./protocol.ts";
import { spread } from "./statistics.ts";
import { table } from "./tables.ts";

const square = (side: number): ProductShape => ({ m: side, n: side, k: side, transA: false });

/** Squares, then what S multiplies at m = 0.9 with 32 images, 27 tokens each: forward, and the gradient of a weight. */
const SHAPES: readonly ProductShape[] = [
  ...[256, 512, 1024, 2048].map(square),
  { m: 864, n: 1536, k: 512, transA: false },
  { m: 864, n: 2048, k: 512, transA: false },
  { m: 864, n: 512, k: 2048, transA: false },
  { m: 512, n: 2048, k: 864, transA: true },
];

const SECONDS = 0.2;
const LIMIT_SECONDS = 60;

/** None where the kernels are not built, which is said. */
function nativeSets(say: (line: string) => void): string[] {
  try {
    return instructionSets();
  } catch (error) {
    say(`native: not measured: ${error instanceof Error ? error.message : error}`);
    return [];
  }
}

/**
 * Each takes its turn with each shape, in as many rounds as asked for.
 * @param say gets a line for each that cannot be measured
 * @returns a table: GFLOP/s of the quickest product of a turn, the median of the rounds (lowest to highest)
 */
export async function productTable(places: Places, options: Options, say: (line: string) => void): Promise<string> {
  const asked = (id: string) => options.engines === null || options.engines.includes(id);
  const wanted = [
    ...(asked("native") ? nativeSets(say) : []).map((set) => ({
      id: "native",
      label: `native, ${set}`,
      env: { MASKDM_KERNELS: set },
    })),
    ...(asked("pytorch") ? [{ id: "pytorch", label: "pytorch", env: {} }] : []),
  ];
  const running: { readonly label: string; readonly process: EngineProcess }[] = [];
  for (const { id, label, env } of wanted) {
    const found = await findEngine(places, id, options.threads, env);
    if ("reason" in found) say(`${label}: not measured: ${found.reason}`);
    else running.push({ label, process: await found.start() });
  }
  const rates = new Map(running.map(({ label }) => [label, SHAPES.map((): number[] => [])]));
  try {
    for (let round = 0; round < options.rounds; round++) {
      for (const [i, shape] of SHAPES.entries()) {
        for (const { label, process } of turned(running, round)) {
          const { flopsPerSecond } = await process.ask("product", { ...shape, seconds: SECONDS }, LIMIT_SECONDS);
          rates.get(label)![i]!.push(flopsPerSecond / 1e9);
        }
      }
    }
  } catch (error) {
    if (!(error instanceof EngineFailure)) throw error;
    say(`broken off: ${error.message}`);
  } finally {
    for (const { process } of running) await process.quit();
  }
  const cell = (values: readonly number[]): string => {
    const { median, lowest, highest } = spread(values);
    return values.length === 0 ? "–" : `${median.toFixed(0)} (${lowest.toFixed(0)} to ${highest.toFixed(0)})`;
  };
  return table([
    ["product", ...running.map(({ label }) => label)],
    ...SHAPES.map(({ m, n, k, transA }, i) => [
      `${m} × ${n}, ${k} deep${transA ? ", left one transposed" : ""}`,
      ...running.map(({ label }) => cell(rates.get(label)![i]!)),
    ]),
  ]);
}
