/** A record as a run of the benchmark leaves it, with round figures. */
import { type BenchRecord, type Cell, newRecord, type Row } from "../../../scripts/bench/record.ts";

const PEAK = 100e9;

interface Figures {
  /** of each round */
  readonly speeds: readonly number[];
  readonly gib?: number;
  readonly around?: number;
}

export function row(engine: string, { speeds, gib = 1, around }: Figures): Row {
  const own = around !== undefined;
  return {
    engine,
    state: "measured",
    losses: [1, 0.9, 0.8],
    lossDifference: 1.26e-7,
    variant: own ? null : "sdpa, fused",
    secondsToFirstStep: 1.5,
    blocks: speeds.map((perSecond, round) => ({ round, perSecond, aroundShare: around ?? null })),
    peakMemoryBytes: gib * 2 ** 30,
  };
}

/** @param flopsPerImage matrix products of one image */
export function cell(
  key: Pick<Cell, "model" | "maskRate" | "batchSize">,
  flopsPerImage: number,
  rows: readonly Row[],
): Cell {
  const imageSize = key.model === "tiny" ? 32 : 64;
  const tokens = (imageSize / 4) ** 2;
  return {
    ...key,
    imageSize,
    microBatch: Math.min(8, key.batchSize),
    visibleTokens: tokens - Math.floor(key.maskRate * tokens),
    tokens,
    parameters: key.model === "tiny" ? 2_400_000 : 44_000_000,
    flopsPerStep: flopsPerImage * key.batchSize,
    reference: "pytorch",
    tried: { "sdpa, fused": 0.1 },
    rows: [...rows],
  };
}

export function record(cells: readonly Cell[]): BenchRecord {
  const engine = { threads: 2, graphics: false };
  const begun = newRecord({
    date: "2026-03-04",
    command: "npm run bench -- --quick",
    machine: { processor: "A processor", cores: 2, memoryGiB: 16, system: "linux 6.1" },
    loadBefore: [0.04],
    settings: { threads: 2, rounds: 5, blockSeconds: 2, rowMinutes: 20, microBatch: null, samplingSteps: 50 },
    planned: {
      cells: cells.map(({ model, maskRate, batchSize }) => ({ model, maskRate, batchSize })),
      sampling: [],
    },
    engines: [
      { ...engine, id: "onnx", version: "onnxruntime-node 1", peak: { flopsPerSecond: 0.9 * PEAK, size: 1024 } },
      { ...engine, id: "pytorch", version: "PyTorch 2", peak: { flopsPerSecond: PEAK, size: 2048 } },
      { ...engine, id: "onnx-webgpu", version: "a card", graphics: true, peak: { flopsPerSecond: 1e13, size: 2048 } },
    ],
    missing: [{ id: "tfjs-node", reason: "it is not installed" }],
  });
  return { ...begun, cells: [...cells] };
}
