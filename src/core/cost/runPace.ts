/** What is left of a run at work, and what all of it takes: from its own steps, saves and samples, as they have taken until now. */
import type { Experiment } from "../experiment/schema.ts";
import { pieceAt } from "../masks/schedule.ts";
import type { Stage } from "../random/streams.ts";
import type { RunForecast } from "../run/forecasts.ts";
import { EXPECTED_ERROR } from "./forecast.ts";
import { type SpeedMeasurement, speedPoint } from "./speed.ts";
import { EVENTS, type StageEvent } from "./stageEvents.ts";
import { type PieceFacts, stageFacts } from "./stageFacts.ts";
import { basisOf, type StageTimes, stageTimes, timeLeft, totalOf } from "./stageTimes.ts";

/** Steps of a session after which its forecast is made anew. */
const FORECAST_STEPS = 50;
/** Of those, the first ones that do not count: caches and memory are not yet what they will be. */
const WARM_UP_STEPS = 10;

/** What is known when a session begins. */
export interface PaceKnowledge {
  readonly machineBytes: number | null;
  /** of this machine with this backend; null: there is none */
  readonly measurement: SpeedMeasurement | null;
  /** of the data set, those that are held out included */
  readonly images: number;
}

export class RunPace {
  /** as measured before, or relative to a step of the first piece */
  private readonly times: StageTimes;
  private steps = 0;
  /** of the steps that count */
  private seconds = 0;
  private readonly seen = new Map<StageEvent, { seconds: number; times: number }>();

  constructor(
    private readonly experiment: Experiment,
    private readonly stage: Stage,
    private readonly known: PaceKnowledge,
  ) {
    const facts = stageFacts(experiment, stage, known.machineBytes)!;
    const unit = { secondsPerStep: 1, measuredAt: "" };
    const points = known.measurement?.points ?? [speedPoint(experiment, facts, facts.pieces[0]!, unit)];
    this.times = stageTimes(experiment, stage, { facts, images: known.images }, points);
  }

  /** The stage's, in the order of their steps. */
  get pieces(): readonly PieceFacts[] {
    return this.times.pieces;
  }

  /** A step of this session has taken so long, waiting for its batch included. */
  stepTook(seconds: number): void {
    this.steps++;
    if (this.steps > WARM_UP_STEPS) this.seconds += seconds;
  }

  /** So has something else. */
  eventTook(kind: StageEvent, seconds: number): void {
    const before = this.seen.get(kind) ?? { seconds: 0, times: 0 };
    this.seen.set(kind, { seconds: before.seconds + seconds, times: before.times + 1 });
  }

  /**
   * Seconds from a step to the end of the run. Steps with other masks and what was not done yet take as much longer or shorter than
   * was measured, or than their operations say, as the steps at work do.
   * @param secondsPerStep of those at work
   */
  secondsLeft(step: number, secondsPerStep: number): number {
    const { times, experiment, stage } = this;
    const slower = secondsPerStep / pieceAt(times.pieces, Math.max(0, step - 1)).secondsPerStep;
    const pieces = times.pieces.map((piece) => ({ ...piece, secondsPerStep: piece.secondsPerStep * slower }));
    const each = Object.fromEntries(
      EVENTS.map((kind) => {
        const seen = this.seen.get(kind);
        // A disk is no slower for a slow processor.
        const expected = times.each[kind] * (kind === "checkpoints" ? 1 : slower);
        return [kind, seen === undefined ? expected : seen.seconds / seen.times];
      }),
    );
    return totalOf(timeLeft({ pieces, each: each as StageTimes["each"] }, experiment, stage, step));
  }

  /**
   * The forecasts of the run, with the one that is due now: one at the beginning, if the machine was measured, one from the run's own
   * steps once there are enough of them.
   * @param made those of before
   * @param spent seconds of work up to now
   */
  forecasts(made: readonly RunForecast[], step: number, spent: number): RunForecast[] {
    const add = (basis: RunForecast["basis"], secondsPerStep: number): RunForecast[] => {
      const seconds = spent + this.secondsLeft(step, secondsPerStep);
      return [...made, { seconds, madeAtStep: step, basis, expectedError: EXPECTED_ERROR[basis] }];
    };
    if (this.known.measurement !== null && made.length === 0) {
      return add(basisOf(this.times), pieceAt(this.times.pieces, Math.max(0, step - 1)).secondsPerStep);
    }
    const isDue = this.steps === FORECAST_STEPS && made.every(({ basis }) => basis !== "own");
    return isDue ? add("own", this.seconds / (FORECAST_STEPS - WARM_UP_STEPS)) : [...made];
  }
}
