/** What is to be measured: models, mask rates, batches, and how many images go through the network at once. */
import { imageCost } from "../../src/core/cost/imageCost.ts";
import { predictTrainingMemory } from "../../src/core/cost/memory.ts";
import { chooseMicroBatches, memoryBudget } from "../../src/core/cost/microBatch.ts";
import { maskGeometry } from "../../src/core/masks/masks.ts";
import { modelShape } from "../../src/core/model/shape.ts";
import { usableMemory } from "../../src/node/machine.ts";
import { experimentOf } from "./experimentOf.ts";
import { BadUsage, type Options } from "./options.ts";
import type { Network, Work } from "./protocol.ts";
import type { Cell } from "./record.ts";

/** Of the machine's memory, for all engines together: they are all in memory while they take turns. */
const MEMORY_SHARE = 0.8;
/** Every engine is held to take what the one that takes most of those whose memory is known does. */
const LARGEST = "onnx";
/** An engine that cannot tell its rate before the first step gets this share of its peak. */
const USUAL_SHARE_OF_PEAK = 0.4;
const START_SECONDS = 15;
/** Steps besides those of the blocks: first step, warm-up, equivalence. */
const OTHER_STEPS = 4;
/** Least rounds that make a median with a spread. */
export const LEAST_ROUNDS = 3;

export interface CellPlan {
  readonly facts: Omit<Cell, "rows" | "reference" | "tried">;
  readonly work: Work;
  /** predicted memory of one engine, in bytes, and whether all fit with it */
  readonly predictedBytes: number;
  readonly fits: boolean;
}

/**
 * The cells in the order in which they are measured: small ones first, so that a rate is known when it comes to the large ones.
 * @throws BadUsage where the micro-batch does not divide a batch
 */
export function planCells(options: Options, engines: number): CellPlan[] {
  const cells = options.models.flatMap((preset) =>
    (options.maskRates ?? preset.maskRates).flatMap((maskRate) =>
      (options.batchSizes ?? preset.batchSizes).map((batchSize) =>
        planCell(preset.name, preset.network, maskRate, batchSize, options.microBatch, engines),
      ),
    ),
  );
  return cells.sort((a, b) => a.facts.flopsPerStep - b.facts.flopsPerStep);
}

/** @param micro null: as training would choose with the memory that each of the engines can have */
export function planCell(
  model: string,
  config: Network,
  maskRate: number,
  batchSize: number,
  micro: number | null,
  engines: number,
): CellPlan {
  const tokens = (config.image_size / config.patch_size) ** 2;
  const { visibleTokens } = maskGeometry(
    { strategy: "patch", rate: maskRate, blockSize: 1, cellSize: 2, cropSize: null },
    config.image_size / config.patch_size,
  );
  const shape = modelShape(experimentOf(config));
  const { parameters, trainingFlops } = imageCost(shape, visibleTokens);
  const budgetBytes = Math.min(
    memoryBudget("auto", usableMemory()),
    (MEMORY_SHARE * usableMemory()) / Math.max(1, engines),
  );
  const wish = { batchSize, wanted: micro ?? "auto", budgetBytes } as const;
  const { microBatchSize: microBatch } = chooseMicroBatches(LARGEST, shape, [visibleTokens], wish)[0]!;
  if (batchSize % microBatch !== 0) throw new BadUsage(`--micro-batch ${microBatch} does not divide ${batchSize}`);
  const { totalBytes } = predictTrainingMemory(LARGEST, shape, visibleTokens, microBatch, microBatch < batchSize);
  return {
    facts: {
      model,
      imageSize: config.image_size,
      maskRate,
      batchSize,
      microBatch,
      visibleTokens,
      tokens,
      parameters,
      flopsPerStep: batchSize * trainingFlops,
    },
    work: { config, maskRate, batchSize, microBatch, seed: 0 },
    predictedBytes: totalBytes,
    fits: totalBytes * Math.max(1, engines) <= usableMemory(),
  };
}

/**
 * In how many rounds each engine takes part, so that a row stays within its time: as many as asked for, else fewer, the longest
 * blocks first, else without the slowest engine.
 * @param blockSeconds length of a block of each engine
 * @returns rounds by engine; 0: it is left out
 */
export function fitRounds(
  blockSeconds: ReadonlyMap<string, number>,
  rounds: number,
  limitSeconds: number,
): Map<string, number> {
  const result = new Map([...blockSeconds.keys()].map((engine) => [engine, 0]));
  const bySpeed = [...blockSeconds].sort((a, b) => a[1] - b[1]);
  const least = Math.min(rounds, LEAST_ROUNDS);
  while (bySpeed.length > 0 && least * bySpeed.reduce((sum, [, seconds]) => sum + seconds, 0) > limitSeconds)
    bySpeed.pop();
  const taking = bySpeed.map(([engine, seconds]) => ({ engine, seconds, rounds }));
  const total = () => taking.reduce((sum, each) => sum + each.rounds * each.seconds, 0);
  while (total() > limitSeconds) {
    const reducible = taking.filter((each) => each.rounds > least);
    const longest = reducible.reduce((a, b) => (b.rounds * b.seconds > a.rounds * a.seconds ? b : a));
    longest.rounds--;
  }
  for (const { engine, rounds: fitting } of taking) result.set(engine, fitting);
  return result;
}

/** Matrix-product operations a second: the best seen of an engine, else a share of its peak; null where nothing is known. */
export function likelyRate(seen: number | undefined, peak: number | null): number | null {
  return seen ?? (peak === null ? null : USUAL_SHARE_OF_PEAK * peak);
}

/** Seconds that a row will take about, its equivalence and start included. @param rates likely ones, by engine */
export function expectedSeconds(
  flopsPerStep: number,
  rates: readonly number[],
  { rounds, blockSeconds, rowMinutes }: Pick<Options, "rounds" | "blockSeconds" | "rowMinutes">,
): number {
  const each = rates.map((rate) => {
    const step = flopsPerStep / rate;
    return { blocks: rounds * Math.max(blockSeconds, step), others: OTHER_STEPS * step + START_SECONDS };
  });
  const blocks = each.reduce((sum, { blocks: seconds }) => sum + seconds, 0);
  const limit = 60 * rowMinutes;
  return Math.min(blocks, limit) + each.reduce((sum, { others }) => sum + Math.min(others, limit), 0);
}
