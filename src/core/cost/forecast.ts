/** What a stage of an experiment will take, before it begins: time, operations, memory, disk. */
import type { Experiment } from "../experiment/schema.ts";
import { sumOverSteps } from "../masks/schedule.ts";
import type { Stage } from "../random/streams.ts";
import type { ForecastBasis } from "../run/forecasts.ts";
import { trainsWithTorch } from "../torch/trainsWithTorch.ts";
import { measurementFor, type SpeedMeasurement } from "./speed.ts";
import { type DiskForecast, stageDisk } from "./stageDisk.ts";
import { EVENTS, eventsLeft, type StageEvent } from "./stageEvents.ts";
import { type StageFacts, stageFacts } from "./stageFacts.ts";
import { basisOf, eventFlops, type PieceTime, stageTimes, type TimeParts, timeLeft, totalOf } from "./stageTimes.ts";

/**
 * How far off a forecast may be on a machine that does nothing else, as a share of it. own, same: what is asked of it and measured by
 * `npm run bench:forecast`; scaled: what `test/unit/cost/converted.test.ts` finds among the rows of a report.
 */
export const EXPECTED_ERROR: Readonly<Record<ForecastBasis, number>> = { own: 0.1, same: 0.15, scaled: 0.5 };

/** From the program's start to the first step: libraries, engine, images that are decoded already. */
const START_UP_SECONDS = 2;

export interface TimeForecast {
  readonly totalSeconds: number;
  /** its parts by what they are for; startUp: all that comes before the first step, but decoding images for the first time */
  readonly parts: TimeParts & { readonly startUp: number };
  /** of the stage's pieces in their order */
  readonly pieces: readonly PieceTime[];
  /** on the average of all steps */
  readonly secondsPerStep: number;
  readonly basis: ForecastBasis;
  readonly expectedError: number;
  /** the backend that was measured */
  readonly backend: string;
  /** ISO 8601, of the oldest measurement that it comes from */
  readonly measuredAt: string;
}

export interface Forecast {
  readonly stage: Stage;
  readonly steps: number;
  /** images trained on */
  readonly images: number;
  /** how often each thing is done */
  readonly events: Readonly<Record<StageEvent, number>>;
  /** matrix-product operations of all steps and samples */
  readonly flops: number;
  /** predicted memory of the step that takes most, in bytes */
  readonly memoryBytes: number;
  /** whether it stays within what a step may plan with; null where the machine's memory is not known */
  readonly fits: boolean | null;
  readonly disk: DiskForecast;
  /** null: this machine was not measured with the experiment's backend and threads, or PyTorch trains, whose steps are not timed beforehand */
  readonly time: TimeForecast | null;
  /** whether PyTorch trains: memory is then that of its device, and a guess */
  readonly torch: boolean;
}

/** What is known of the machine. */
export interface MachineKnowledge {
  /** as in `speedKey` */
  readonly machine: string;
  readonly measurements: readonly SpeedMeasurement[];
  /** null: not known, and automatic micro-batches are as large as they may be */
  readonly machineBytes: number | null;
  /** whether `engine.backend: auto` takes PyTorch */
  readonly autoTakesTorch?: boolean;
}

/** A run that is asked about. */
export interface ForecastRun {
  readonly experiment: Experiment;
  readonly stage: Stage;
  /** of the data set; missing: not known, as many are held out as are measured at most */
  readonly images?: number | null | undefined;
}

/** @returns null where patches do not divide the image or heads the width, or the mask does not fit the grid */
export function forecast({ experiment, stage, images = null }: ForecastRun, known: MachineKnowledge): Forecast | null {
  const torch = trainsWithTorch(experiment, known.autoTakesTorch === true);
  const facts = stageFacts(experiment, stage, torch ? null : known.machineBytes);
  if (facts === null) return null;
  const { steps } = experiment[stage];
  const events = eventsLeft(experiment, stage, 0);
  const ofOne = eventFlops(experiment, stage, images);
  const ofSteps = sumOverSteps(facts.pieces, 0, steps, ({ flopsPerStep }) => flopsPerStep);
  const measurement = torch ? null : measurementFor(known.measurements, known.machine, experiment);
  return {
    stage,
    steps,
    images: steps * facts.batchSize,
    events,
    flops: EVENTS.reduce((sum, kind) => sum + events[kind] * ofOne[kind], ofSteps),
    memoryBytes: facts.memoryBytes,
    fits: facts.fits,
    disk: stageDisk(experiment, stage, facts.parameters),
    time: measurement && timeForecast(experiment, stage, { facts, images }, measurement),
    torch,
  };
}

function timeForecast(
  experiment: Experiment,
  stage: Stage,
  size: { readonly facts: StageFacts; readonly images: number | null },
  { backend, points }: SpeedMeasurement,
): TimeForecast {
  const times = stageTimes(experiment, stage, size, points);
  const parts = { startUp: START_UP_SECONDS, ...timeLeft(times, experiment, stage, 0) };
  const basis = basisOf(times);
  return {
    totalSeconds: totalOf(parts),
    parts,
    pieces: times.pieces,
    secondsPerStep: parts.steps / experiment[stage].steps,
    basis,
    expectedError: EXPECTED_ERROR[basis],
    backend,
    measuredAt: times.pieces.map(({ rate }) => rate.measuredAt).sort()[0]!,
  };
}

/** What many runs take, one after the other. */
export interface RunsForecast {
  /** of those that could be timed; null: none could */
  readonly seconds: number | null;
  /** runs that could not be: their backend and threads were not measured here */
  readonly untimed: number;
  /** runs that cannot be trained, as their mask does not fit their grid; they count for nothing else */
  readonly unfit: number;
  readonly flops: number;
  /** of the one that takes most */
  readonly memoryBytes: number;
  /** of all of them, as they are kept */
  readonly diskBytes: number;
}

export function forecastRuns(runs: readonly ForecastRun[], known: MachineKnowledge): RunsForecast {
  const forecasts = runs.flatMap((run) => forecast(run, known) ?? []);
  const timed = forecasts.flatMap(({ time }) => time ?? []);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    seconds: timed.length === 0 ? null : sum(timed.map(({ totalSeconds }) => totalSeconds)),
    untimed: forecasts.length - timed.length,
    unfit: runs.length - forecasts.length,
    flops: sum(forecasts.map(({ flops }) => flops)),
    memoryBytes: Math.max(0, ...forecasts.map(({ memoryBytes }) => memoryBytes)),
    diskBytes: sum(forecasts.map(({ disk }) => disk.total)),
  };
}
