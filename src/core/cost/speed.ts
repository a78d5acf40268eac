/** Speed on a machine, from a measurement of some steps: other configurations are converted by their operations. */
import * as z from "zod";
import type { Experiment } from "../experiment/schema.ts";
import { modelShape } from "../model/shape.ts";
import type { Stage } from "../random/streams.ts";
import { imageCost } from "./imageCost.ts";
import { type PieceFacts, stageFacts } from "./stageFacts.ts";

/** One measured configuration. */
export const speedPointSchema = z.object({
  /** visible tokens of one forward and backward pass: micro-batch times S */
  tokensPerPass: z.number().positive(),
  /** matrix-product operations a second, as imageCost.ts counts them */
  flopsPerSecond: z.number().positive(),
});
export type SpeedPoint = z.output<typeof speedPointSchema>;

/** What was measured on a machine with one setting of backend and threads. */
export const speedMeasurementSchema = z.object({
  /** what it holds for, see `speedKey` */
  key: z.string(),
  /** ISO 8601 */
  measuredAt: z.string(),
  /** the backend that computed, which `auto` chose or the file named */
  backend: z.string(),
  points: z.array(speedPointSchema).min(1).max(16),
});
export type SpeedMeasurement = z.output<typeof speedMeasurementSchema>;

export interface PieceSpeed extends PieceFacts {
  readonly secondsPerStep: number;
  readonly imagesPerSecond: number;
}

export interface SpeedEstimate {
  /** of the stage's pieces in their order */
  readonly pieces: readonly PieceSpeed[];
  /** on the average of all steps */
  readonly secondsPerStep: number;
  readonly imagesPerSecond: number;
  /** seconds for all steps of the stage */
  readonly totalSeconds: number;
  /** ISO 8601 */
  readonly measuredAt: string;
}

/** What a measurement is kept under: machine, backend asked for and threads asked for. */
export function speedKey(machine: string, { engine }: Pick<Experiment, "engine">): string {
  return [machine, engine.backend, engine.threads].join(" | ");
}

/** One point from a measured speed. */
export function speedPoint(
  experiment: Experiment,
  measured: { readonly imagesPerSecond: number; readonly visibleTokens: number; readonly microBatchSize: number },
): SpeedPoint {
  const { trainingFlops: perImage } = imageCost(modelShape(experiment), measured.visibleTokens);
  return {
    tokensPerPass: measured.microBatchSize * measured.visibleTokens,
    flopsPerSecond: perImage * measured.imagesPerSecond,
  };
}

/**
 * Estimates the speed of a stage. An estimate: operations a second depend on how many tokens a pass works on, so they are
 * interpolated between the measured points (on a logarithmic scale of tokens), and outside them those of the nearest one count.
 * @returns null where the file's mask does not fit the grid
 */
export function estimateSpeed(
  measurement: SpeedMeasurement,
  experiment: Experiment,
  stage: Stage,
  machineBytes: number | null,
): SpeedEstimate | null {
  const facts = stageFacts(experiment, stage, machineBytes);
  if (facts === null) return null;
  const pieces = facts.pieces.map((piece) => {
    const tokens = piece.microBatchSize * piece.geometry.visibleTokens;
    const secondsPerStep = piece.flopsPerStep / flopsPerSecond(measurement.points, tokens);
    return { ...piece, secondsPerStep, imagesPerSecond: facts.batchSize / secondsPerStep };
  });
  const { steps } = experiment[stage];
  const totalSeconds = pieces.reduce((sum, piece) => sum + (piece.until - piece.from) * piece.secondsPerStep, 0);
  return {
    pieces,
    secondsPerStep: totalSeconds / steps,
    imagesPerSecond: (facts.batchSize * steps) / totalSeconds,
    totalSeconds,
    measuredAt: measurement.measuredAt,
  };
}

function flopsPerSecond(points: readonly SpeedPoint[], tokens: number): number {
  const sorted = [...points].sort((a, b) => a.tokensPerPass - b.tokensPerPass);
  const above = sorted.find((point) => point.tokensPerPass >= tokens);
  const below = sorted.findLast((point) => point.tokensPerPass <= tokens);
  if (above === undefined || below === undefined) return (above ?? below)!.flopsPerSecond;
  if (above.tokensPerPass === below.tokensPerPass) return below.flopsPerSecond;
  const share = Math.log(tokens / below.tokensPerPass) / Math.log(above.tokensPerPass / below.tokensPerPass);
  return below.flopsPerSecond ** (1 - share) * above.flopsPerSecond ** share;
}
