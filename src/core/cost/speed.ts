/** Speed on a machine, from measured steps: those of another configuration are converted by their work. */
import * as z from "zod";
import type { Experiment } from "../experiment/schema.ts";
import { modelShape } from "../model/shape.ts";
import type { PieceFacts, StageFacts } from "./stageFacts.ts";

const positive = () => z.number().int().positive();

/** Steps of one configuration, timed. */
const speedPointSchema = z.object({
  /** the network, see `networkKey` */
  network: z.string(),
  /** its learned parameters */
  parameters: positive(),
  /** S */
  visibleTokens: positive(),
  microBatchSize: positive(),
  /** matrix-product operations of a step, as imageCost.ts counts them */
  flopsPerStep: z.number().positive(),
  secondsPerStep: z.number().positive(),
  /** ISO 8601 */
  measuredAt: z.string(),
});
export type SpeedPoint = z.output<typeof speedPointSchema>;

/** Configurations that are kept of one setting of backend and threads. */
const MOST_POINTS = 64;

/** What was measured on a machine with one setting of backend and threads. */
export const speedMeasurementSchema = z.object({
  /** what it holds for, see `speedKey` */
  key: z.string(),
  /** the backend that computed, which `auto` chose or the file named */
  backend: z.string(),
  /** the newest first */
  points: z.array(speedPointSchema).min(1).max(MOST_POINTS),
});
export type SpeedMeasurement = z.output<typeof speedMeasurementSchema>;

/** What measurements are kept under: machine, backend asked for and threads asked for. */
export function speedKey(machine: string, { engine }: Pick<Experiment, "engine">): string {
  return [machine, engine.backend, engine.threads].join(" | ");
}

/**
 * The measurement that holds for an experiment; null: its backend and threads were not measured on this machine.
 * @param backend the one that computes, where that is known
 */
export function measurementFor(
  measurements: readonly SpeedMeasurement[],
  machine: string,
  experiment: Pick<Experiment, "engine">,
  backend?: string,
): SpeedMeasurement | null {
  const key = speedKey(machine, experiment);
  const found = measurements.find((other) => other.key === key) ?? null;
  return backend === undefined || found?.backend === backend ? found : null;
}

/** The measurements with another one added: its points take the place of older ones of the same configuration. */
export function withMeasurement(
  measurements: readonly SpeedMeasurement[],
  added: SpeedMeasurement,
): readonly SpeedMeasurement[] {
  const before = measurements.find(({ key }) => key === added.key);
  // What another backend computed, where `auto` has come to choose another one, says nothing any more.
  const kept = before?.backend === added.backend ? before.points : [];
  const older = kept.filter((point) => !added.points.some((other) => isSameConfiguration(point, other)));
  return [
    { ...added, points: [...added.points, ...older].slice(0, MOST_POINTS) },
    ...measurements.filter(({ key }) => key !== added.key),
  ];
}

/** All that the work of a network's step depends on, besides the number of tokens and images. */
export const networkKey = (experiment: Pick<Experiment, "data" | "model" | "mask">): string =>
  JSON.stringify(modelShape(experiment));

/** What tells configurations apart; the number of micro-batches does not, as each takes as long as another. */
type Configuration = Pick<SpeedPoint, "network" | "visibleTokens" | "microBatchSize">;

const isSameConfiguration = (a: Configuration, b: Configuration): boolean =>
  a.network === b.network && a.visibleTokens === b.visibleTokens && a.microBatchSize === b.microBatchSize;

/** The point that steps of a piece come to. */
export function speedPoint(
  experiment: Experiment,
  { parameters }: Pick<StageFacts, "parameters">,
  piece: Pick<PieceFacts, "geometry" | "microBatchSize" | "flopsPerStep">,
  measured: Pick<SpeedPoint, "secondsPerStep" | "measuredAt">,
): SpeedPoint {
  const { geometry, microBatchSize, flopsPerStep } = piece;
  const { visibleTokens } = geometry;
  return { network: networkKey(experiment), parameters, visibleTokens, microBatchSize, flopsPerStep, ...measured };
}

/**
 * AdamW and the moving average of a parameter, in operations of matrix products that take as long: 36 bytes are moved, some 1.2 ns at
 * 120 GFLOP/s. From the rows of tiny in docs/benchmarks/2026-11-23-training-step.md, 8 images at m = 0.9 against 32.
 */
const UPDATE_FLOPS = 144;

/** Work of a step in operations: its matrix products, and the update of the weights. */
export const stepWork = ({ flopsPerStep, parameters }: Pick<SpeedPoint, "flopsPerStep" | "parameters">): number =>
  flopsPerStep + UPDATE_FLOPS * parameters;

const tokensOf = ({ visibleTokens, microBatchSize }: Configuration): number => visibleTokens * microBatchSize;

/** What a machine does with a configuration. */
export interface Rate {
  /** see `stepWork` */
  readonly workPerSecond: number;
  /** the very configuration was measured, or others, whose rate was converted */
  readonly basis: "same" | "scaled";
  /** ISO 8601, of the oldest point that it comes from */
  readonly measuredAt: string;
}

/**
 * The rate of a configuration: its own where it was measured, else that of points of the same network, or of the one that is nearest in
 * size, interpolated on a logarithmic scale of the tokens of a pass; beyond them that of the nearest one counts.
 * @param points at least one
 */
export function rateOf(points: readonly SpeedPoint[], wanted: Configuration & Pick<SpeedPoint, "parameters">): Rate {
  const same = points.find((point) => isSameConfiguration(point, wanted));
  const used = same === undefined ? neighbours(points, wanted) : [same];
  const rates = used.map((point) => stepWork(point) / point.secondsPerStep);
  const [below, above] = [used[0]!, used.at(-1)!];
  const span = Math.log(tokensOf(above) / tokensOf(below));
  const share = span === 0 ? 0 : Math.log(tokensOf(wanted) / tokensOf(below)) / span;
  return {
    workPerSecond: rates[0]! ** (1 - share) * rates.at(-1)! ** share,
    basis: same === undefined ? "scaled" : "same",
    measuredAt: used.map(({ measuredAt }) => measuredAt).sort()[0]!,
  };
}

/** One or two points of one network: those around the tokens wanted. */
function neighbours(
  points: readonly SpeedPoint[],
  wanted: Configuration & Pick<SpeedPoint, "parameters">,
): SpeedPoint[] {
  const distance = ({ network, parameters }: SpeedPoint): number =>
    network === wanted.network ? -1 : Math.abs(Math.log(parameters / wanted.parameters));
  const nearest = points.reduce((best, point) => (distance(point) < distance(best) ? point : best));
  const sorted = points.filter(({ network }) => network === nearest.network).sort((a, b) => tokensOf(a) - tokensOf(b));
  const below = sorted.findLast((point) => tokensOf(point) <= tokensOf(wanted));
  const above = sorted.find((point) => tokensOf(point) >= tokensOf(wanted));
  return [below, above].filter((point) => point !== undefined);
}
