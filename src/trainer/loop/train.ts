/** The training loop of one session: steps, metrics, checkpoints, sample grids, until the end or a stop. */
import type { TrainingBatch } from "../../core/batch/assemble.ts";
import { RunPace } from "../../core/cost/runPace.ts";
import type { SpeedMeasurement } from "../../core/cost/speed.ts";
import { isDue, type StageEvent } from "../../core/cost/stageEvents.ts";
import { type StageFacts, stageFacts } from "../../core/cost/stageFacts.ts";
import { UserError } from "../../core/errors.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { pieceFrom, pieceText } from "../../core/masks/schedule.ts";
import type { Stage } from "../../core/random/streams.ts";
import type { CheckpointState } from "../../core/run/checkpointState.ts";
import type { FinalState } from "../../core/run/status.ts";
import { DivergenceGuard, GUARD_LIMIT, GUARD_STEPS, lossOfNothing } from "../../core/training/divergenceGuard.ts";
import { MetricsWindow } from "../../core/training/metricsWindow.ts";
import { learningRate, stepScalars } from "../../core/training/schedules.ts";
import { usableMemory } from "../../node/machine.ts";
import type { DataFingerprint } from "../data/dataFingerprint.ts";
import type { EngineClient } from "../engine/client.ts";
import type { TimedStep } from "../engine/messages.ts";
import type { RunWriter } from "../run/runWriter.ts";
import type { BatchSource } from "./batches.ts";
import type { StartUp } from "./startUp.ts";
import type { StepSamples } from "./stepSamples.ts";
import type { StopRequest } from "./stopRequest.ts";

/** Steps quicker than this are asked for before the one before is done, so that the engine never waits to be asked. */
export const AHEAD_SECONDS = 1;

export interface TrainingProgress {
  /** @param secondsLeft null: not known yet */
  update(step: number, note: string, secondsLeft: number | null): void;
}

export interface TrainingSetup {
  readonly experiment: Experiment;
  readonly stage: Stage;
  readonly run: RunWriter;
  readonly engine: EngineClient;
  readonly batches: BatchSource;
  readonly stop: StopRequest;
  readonly progress: TrainingProgress;
  /** where to go on from; null: from step 0 */
  readonly resumeFrom: CheckpointState | null;
  /** identifies the images, to notice a change before a resume */
  readonly dataFingerprint: DataFingerprint;
  /** names of the model's classes by number; null: it has none */
  readonly classes: readonly string[] | null;
  /** told when the first step is done */
  readonly startUp: StartUp;
  readonly samples: Pick<StepSamples, "has" | "write">;
  /** of this machine; null: it was not measured */
  readonly measurement: SpeedMeasurement | null;
}

export interface TrainingEnd {
  readonly state: FinalState;
  readonly step: number;
  readonly message: string;
}

/** A step that the engine was asked for. */
interface AskedStep {
  readonly answer: Promise<TimedStep | null>;
  /** of its batch, which is the engine's now */
  readonly timesteps: Int32Array;
  readonly nothing: number;
}

export class TrainingLoop {
  private readonly config: Experiment["pretrain"];
  private readonly facts: StageFacts;
  private readonly pace: RunPace;
  private readonly window: MetricsWindow;
  private step: number;
  /** seconds of training since step 0, previews and checkpoints left out */
  private seconds: number;
  private savedAt: number;
  private readonly guard = new DivergenceGuard();
  /** what the last line of metrics said, in short */
  private note = "";
  private lastWorkerEnd: number | null = null;
  /** of the last step's computation */
  private stepSeconds = Number.POSITIVE_INFINITY;
  /** since the last line of metrics */
  private line = { seconds: 0, wait: 0, steps: 0 };
  /** of a step, by the last line; null: there is none yet */
  private secondsPerStep: number | null = null;

  constructor(private readonly setup: TrainingSetup) {
    const { experiment, stage, resumeFrom } = setup;
    this.config = experiment[stage];
    this.facts = stageFacts(experiment, stage, usableMemory())!;
    this.pace = new RunPace(experiment, stage, this.facts, setup.measurement);
    this.window = new MetricsWindow(experiment.diffusion.timesteps);
    this.window.restore(resumeFrom?.loop?.["window"]);
    this.step = resumeFrom?.step ?? 0;
    this.savedAt = this.step;
    this.seconds = resumeFrom?.elapsedSeconds ?? 0;
  }

  /** Trains from where the setup says to the end of the stage, or until asked to stop, or until the loss diverges. */
  async run(): Promise<TrainingEnd> {
    const { setup } = this;
    setup.run.status.update({ state: "running", forecasts: this.forecasts() });
    // The session before may have ended between saving and drawing.
    if (this.step > 0 && this.samplesDue(this.step) && !setup.samples.has(this.step)) {
      await setup.samples.write(this.step);
    }
    let batch = this.batchOf(this.step);
    let asked: AskedStep | null = null;
    while (asked || batch) {
      if (!asked) {
        const reason = setup.stop.reason;
        if (reason !== null) return this.stopped(reason);
        asked = this.ask(this.step, batch!);
        // The next batch is made ready while the engine works on this one.
        batch = this.batchOf(this.step + 1);
      }
      const ahead: AskedStep | null = batch && this.mayAskAhead() ? this.ask(this.step + 1, batch) : null;
      if (ahead) batch = this.batchOf(this.step + 2);
      const result = await asked.answer;
      // Broken off, which only a stop does; a resume makes the step from its beginning.
      if (result === null) return this.stopped(setup.stop.reason ?? "");
      setup.batches.giveBack(result.buffers);
      if (this.stepSeconds === Number.POSITIVE_INFINITY) this.logStart();
      this.measure(result);
      if (!result.applied) return this.diverged(`at step ${this.step + 1} the loss is no longer a number`);
      this.step++;
      this.window.add(result.losses, asked.timesteps);
      this.guard.add(result.losses, asked.nothing);
      if (this.guard.hasDiverged) {
        return this.diverged(
          `in most of the ${GUARD_STEPS} steps up to ${this.step} the loss was above ${GUARD_LIMIT} times that of predicting nothing`,
        );
      }
      await this.afterStep(result);
      asked = ahead;
    }
    return this.finished();
  }

  private logStart(): void {
    const { run, startUp } = this.setup;
    startUp.mark("first step");
    run.log(startUp.line);
  }

  /** The batch of a step, counted from 0; null behind the last one. */
  private batchOf(step: number): TrainingBatch | null {
    return step < this.config.steps ? this.setup.batches.batch(step) : null;
  }

  /**
   * Whether the step after the one at work may be asked for at once: nothing needs the weights in between. Long steps are not, so
   * that a stop has to wait for one only.
   */
  private mayAskAhead(): boolean {
    const done = this.step + 1;
    const saves = this.samplesDue(done) || this.passedCheckpoint(done) || done === this.config.steps;
    return !saves && this.stepSeconds < AHEAD_SECONDS && this.setup.stop.reason === null;
  }

  private ask(step: number, batch: TrainingBatch): AskedStep {
    const { config } = this;
    const kept = { timesteps: batch.timesteps.slice(), nothing: lossOfNothing(batch) };
    const scalars = stepScalars(config, step, isDue(step + 1, config.log_every, config.steps));
    return { answer: this.setup.engine.step(batch, scalars), ...kept };
  }

  private samplesDue(step: number): boolean {
    return isDue(step, this.config.sample_every, this.config.steps);
  }

  /** While the loss explodes nothing is saved, or checkpoints of a lost network would push out the good ones. */
  private checkpointDue(step: number): boolean {
    return step === this.config.steps || (this.passedCheckpoint(step) && this.guard.isCalm);
  }

  /** Whether a checkpoint should have been saved since the last one was. */
  private passedCheckpoint(step: number): boolean {
    const { checkpoint_every: every } = this.config;
    return Math.floor(step / every) > Math.floor(this.savedAt / every);
  }

  /** Images seen at a step: the sessions before may have had another batch size. */
  private imagesAt(step: number): number {
    const { resumeFrom } = this.setup;
    return (resumeFrom?.imagesSeen ?? 0) + (step - (resumeFrom?.step ?? 0)) * this.config.batch_size;
  }

  private measure({ startedAt, endedAt }: TimedStep): void {
    const wait = this.lastWorkerEnd === null ? 0 : Math.max(0, startedAt - this.lastWorkerEnd) / 1000;
    this.stepSeconds = (endedAt - startedAt) / 1000;
    const seconds = this.stepSeconds + wait;
    this.lastWorkerEnd = endedAt;
    this.seconds += seconds;
    this.line.seconds += seconds;
    this.line.wait += wait;
    this.line.steps++;
    this.pace.stepTook(seconds);
  }

  private forecasts() {
    const { status } = this.setup.run;
    return this.pace.forecasts(status.current.forecasts ?? [], this.step, status.workSeconds);
  }

  private async afterStep(result: TimedStep): Promise<void> {
    const { config, setup, step } = this;
    if (isDue(step, config.log_every, config.steps)) this.writeLine(result);
    setup.progress.update(step, this.note, this.secondsLeft);
    const next = pieceFrom(this.facts.pieces, step);
    if (next) setup.run.log(`the mask changes: ${pieceText(next)}`);
    setup.run.status.update({ step, imagesSeen: this.imagesAt(step), forecasts: this.forecasts() });
    const checkpointDue = this.checkpointDue(step);
    const samplesDue = this.samplesDue(step);
    if (checkpointDue) await this.timed("checkpoints", this.checkpoint());
    if (samplesDue) await this.timed("sampleGrids", setup.samples.write(step));
    // What was spent on saving and drawing is no time of training.
    if (checkpointDue || samplesDue) this.lastWorkerEnd = null;
  }

  private get secondsLeft(): number | null {
    return this.secondsPerStep && this.pace.secondsLeft(this.step, this.secondsPerStep);
  }

  private async timed(kind: StageEvent, work: Promise<void>): Promise<void> {
    const began = performance.now();
    await work;
    this.pace.eventTook(kind, (performance.now() - began) / 1000);
  }

  private writeLine(result: TimedStep): void {
    const { config, setup, step, line } = this;
    const means = this.window.take();
    const imagesPerSecond = line.seconds > 0 ? (line.steps * config.batch_size) / line.seconds : 0;
    const wait = line.seconds > 0 ? ((100 * line.wait) / line.seconds).toFixed(1) : "0.0";
    this.note = `${means.loss === null ? "" : `loss ${means.loss.toFixed(4)} · `}data wait ${wait} %`;
    setup.run.metrics.append({
      step,
      images: this.imagesAt(step),
      seconds: this.seconds,
      ...means,
      lr: learningRate(config, step - 1),
      gradNorm: result.gradNorm,
      imagesPerSecond,
      dataWaitSeconds: line.wait,
      memoryBytes: process.memoryUsage.rss(),
    });
    this.secondsPerStep = line.steps > 0 ? line.seconds / line.steps : null;
    setup.run.status.update({ loss: means.loss, imagesPerSecond, etaSeconds: this.secondsLeft });
    this.line = { seconds: 0, wait: 0, steps: 0 };
  }

  private async checkpoint(): Promise<void> {
    const { config, setup, step } = this;
    if (this.savedAt === step && step > 0) return;
    // A checkpoint with broken weights would push out a good one.
    if (!(await setup.engine.call("isFinite", null))) {
      throw new DivergedError("weights are no longer numbers");
    }
    const state: CheckpointState = {
      stage: setup.stage,
      step,
      imagesSeen: this.imagesAt(step),
      emaUpdates: step,
      elapsedSeconds: this.seconds,
      ...(setup.classes === null ? {} : { classes: [...setup.classes] }),
      loop: { window: this.window.save(), data: setup.dataFingerprint },
    };
    await setup.run.saveCheckpoint(step, (runDir) => setup.engine.call("checkpoint", { runDir, state }), {
      keep: config.keep_checkpoints,
      keepEvery: config.keep_every,
    });
    this.savedAt = step;
  }

  private async stopped(reason: string): Promise<TrainingEnd> {
    this.setup.run.status.update({ state: "stopping" });
    this.setup.run.log(`stop asked for by ${reason}`);
    await this.checkpoint();
    return { state: "stopped", step: this.step, message: `stopped at step ${this.step} of ${this.config.steps}` };
  }

  private async finished(): Promise<TrainingEnd> {
    await this.checkpoint();
    return { state: "finished", step: this.step, message: `finished ${this.config.steps} steps` };
  }

  private diverged(what: string): TrainingEnd {
    const { savedAt, step } = this;
    this.setup.run.status.update({ step, imagesSeen: this.imagesAt(step) });
    const kept = savedAt > 0 ? `the checkpoint of step ${savedAt} is kept` : "there is no checkpoint before it";
    const advice = "a lower lr, a longer warmup_steps, clip_grad: 1 or a larger batch_size usually helps";
    return { state: "diverged", step, message: `${what}; ${kept}; ${advice}` };
  }
}

/** The weights broke; the run ends as diverged. */
export class DivergedError extends UserError {
  constructor(what: string) {
    super(
      `${what}; the last checkpoint is kept. A lower lr, a longer warmup_steps or clip_grad: 1 usually helps.`,
      "failure",
    );
  }
}
