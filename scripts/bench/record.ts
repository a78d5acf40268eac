/** Everything that a run of the benchmark measured, as the JSON file holds it. */
import * as z from "zod";

/** Version of the file's format. */
const FORMAT = 3;

const blockSchema = z.object({
  /** in which round of turns; from 0 */
  round: z.number(),
  /** images a second */
  perSecond: z.number(),
  /**
   * share of the time that is neither forward nor backward: what the loop added around the engine's own, and AdamW and the moving
   * average as far as they kept the engine from its work; null where these are not told apart
   */
  aroundShare: z.number().nullable(),
});
export type Block = z.infer<typeof blockSchema>;

const engineId = z.string();
const rowSchema = z.discriminatedUnion("state", [
  z.object({
    engine: engineId,
    state: z.literal("measured"),
    /** losses before each of the followed updates, and their largest difference from the reference's */
    losses: z.array(z.number()),
    lossDifference: z.number(),
    /** which of its kernels it took; null where it has no choice */
    variant: z.string().nullable(),
    /** from the start of the process to the end of the first step: libraries, network, compilation, step */
    secondsToFirstStep: z.number(),
    blocks: z.array(blockSchema).min(1),
    peakMemoryBytes: z.number(),
  }),
  /** its losses are not those of the reference: it computes something else */
  z.object({ engine: engineId, state: z.literal("differs"), losses: z.array(z.number()), lossDifference: z.number() }),
  z.object({ engine: engineId, state: z.literal("left out"), reason: z.string() }),
]);
export type Row = z.infer<typeof rowSchema>;
export type MeasuredRow = Extract<Row, { state: "measured" }>;

const cellSchema = z.object({
  model: z.string(),
  imageSize: z.number(),
  maskRate: z.number(),
  batchSize: z.number(),
  microBatch: z.number(),
  visibleTokens: z.number(),
  tokens: z.number(),
  parameters: z.number(),
  /** matrix products of a step, forward and backward */
  flopsPerStep: z.number(),
  /** engine whose losses the others are compared with */
  reference: engineId.nullable(),
  /** seconds per step of each of PyTorch's variants; null where PyTorch took no part */
  tried: z.record(z.string(), z.number()).nullable(),
  rows: z.array(rowSchema),
});
export type Cell = z.infer<typeof cellSchema>;

const samplingRowSchema = z.discriminatedUnion("state", [
  z.object({
    engine: engineId,
    state: z.literal("measured"),
    variant: z.string().nullable(),
    /** perSecond: evaluations of the network by the whole batch */
    blocks: z.array(blockSchema).min(1),
    /** from the start of the process to one image, each time anew */
    secondsToFirstImage: z.array(z.number()).min(1),
    /** largest difference of a drawn image from the reference's, without noise put back */
    imageDifference: z.number(),
  }),
  z.object({ engine: engineId, state: z.literal("differs"), imageDifference: z.number() }),
  z.object({ engine: engineId, state: z.literal("left out"), reason: z.string() }),
]);
export type SamplingRow = z.infer<typeof samplingRowSchema>;

const samplingSchema = z.object({
  model: z.string(),
  batchSize: z.number(),
  /** DDIM steps, each one evaluation of the network */
  steps: z.number(),
  reference: engineId.nullable(),
  rows: z.array(samplingRowSchema),
});
export type Sampling = z.infer<typeof samplingSchema>;

const engineFactsSchema = z.object({
  id: engineId,
  version: z.string(),
  threads: z.number(),
  graphics: z.boolean(),
  /** its quickest product of two square float32 matrices; null where that failed */
  peak: z.object({ flopsPerSecond: z.number(), size: z.number() }).nullable(),
});
export type EngineFacts = z.infer<typeof engineFactsSchema>;

export const recordSchema = z.object({
  format: z.literal(FORMAT),
  /** of the start, YYYY-MM-DD */
  date: z.string(),
  /** commands that repeat it, with && between them */
  command: z.string(),
  machine: z.object({
    processor: z.string(),
    cores: z.number(),
    memoryGiB: z.number(),
    system: z.string(),
  }),
  /** of every start and resumption: mean number of processes at work before it, the benchmark's own left out */
  loadBefore: z.array(z.number()),
  settings: z.object({
    threads: z.number(),
    rounds: z.number(),
    blockSeconds: z.number(),
    rowMinutes: z.number(),
    /** null: as training would choose */
    microBatch: z.number().nullable(),
    samplingSteps: z.number(),
  }),
  /** what was to be measured; a benchmark that was ended has not all of it */
  planned: z.object({
    cells: z.array(z.object({ model: z.string(), maskRate: z.number(), batchSize: z.number() })),
    /** models */
    sampling: z.array(z.string()),
  }),
  engines: z.array(engineFactsSchema),
  /** engines that do not work here, or were not asked for by name */
  missing: z.array(z.object({ id: engineId, reason: z.string() })),
  cells: z.array(cellSchema),
  sampling: z.array(samplingSchema),
});
export type BenchRecord = z.infer<typeof recordSchema>;

export type CellKey = BenchRecord["planned"]["cells"][number];
export const isSameCell = (a: CellKey, b: CellKey): boolean =>
  a.model === b.model && a.maskRate === b.maskRate && a.batchSize === b.batchSize;

export function newRecord(values: Omit<BenchRecord, "format" | "cells" | "sampling">): BenchRecord {
  return { format: FORMAT, ...values, cells: [], sampling: [] };
}

/** Largest product rate of the machine's processor, or of its graphics card; null where none was measured. */
export function peakOf(
  { engines }: Pick<BenchRecord, "engines">,
  graphics: boolean,
): (EngineFacts["peak"] & { engine: string }) | null {
  const peaks = engines.flatMap(({ id, peak, graphics: on }) =>
    peak && on === graphics ? [{ ...peak, engine: id }] : [],
  );
  return peaks.sort((a, b) => b.flopsPerSecond - a.flopsPerSecond)[0] ?? null;
}

export const isMeasured = (row: Row): row is MeasuredRow => row.state === "measured";

/** The row of an engine where it was measured. */
export function measuredRow(cell: Cell, engine: string): MeasuredRow | null {
  return cell.rows.filter(isMeasured).find((row) => row.engine === engine) ?? null;
}
