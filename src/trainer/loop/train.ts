/** The training loop of one session: steps, metrics, checkpoints, sample grids, until the end or a stop. */
import type { TrainingBatch } from "../../core/batch/assemble.ts";
import type { RunPace } from "../../core/cost/runPace.ts";
import { isDue, type StageEvent } from "../../core/cost/stageEvents.ts";
import { UserError } from "../../core/errors.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { pieceFrom, pieceText } from "../../core/masks/schedule.ts";
import type { Stage } from "../../core/random/streams.ts";
import type { CheckpointState } from "../../core/run/checkpointState.ts";
import type { StepMetrics } from "../../core/run/metrics.ts";
import type { FinalState } from "../../core/run/status.ts";
import { DivergenceGuard, GUARD_LIMIT, GUARD_STEPS, lossOfNothing } from "../../core/training/divergenceGuard.ts";
import { MetricsWindow } from "../../core/training/metricsWindow.ts";
import { learningRate, stepScalars } from "../../core/training/schedules.ts";
import { readRunMetrics } from "../../node/run/metrics.ts";
import type { DataFingerprint } from "../data/dataFingerprint.ts";
import type { EngineClient } from "../engine/client.ts";
import type { TimedStep } from "../engine/messages.ts";
import type { RunWriter } from "../run/runWriter.ts";
import type { BatchSource } from "./batches.ts";
import type { StartUp } from "./startUp.ts";
import type { StepEvaluations } from "./stepEvaluations.ts";
import type { StepHeldOut } from "./stepHeldOut.ts";
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
  /** step behind which none is trained in this session; null: the last one */
  readonly pauseAt: number | null;
  /** identifies the images, to notice a change before a resume */
  readonly dataFingerprint: DataFingerprint;
  /** names of the model's classes by number; null: it has none */
  readonly classes: readonly string[] | null;
  /** told when the first step is done */
  readonly startUp: StartUp;
  readonly samples: Pick<StepSamples, "has" | "write">;
  /** null: no images are held out */
  readonly heldOut: Pick<StepHeldOut, "measure"> | null;
  readonly evaluations: Pick<StepEvaluations, "evaluate">;
  /** told how long everything takes */
  readonly pace: RunPace;
}

export interface TrainingEnd {
  readonly state: FinalState;
  readonly step: number;
  readonly message: string;
}

/** A line of metrics. */
type Line = Omit<StepMetrics, "type">;

/** A step that the engine was asked for. */
interface AskedStep {
  readonly answer: Promise<TimedStep | null>;
  /** of its batch, which is the engine's now */
  readonly timesteps: Int32Array;
  readonly nothing: number;
}

export class TrainingLoop {
  private readonly config: Experiment["pretrain"];
  private readonly window: MetricsWindow;
  /** the step that this session ends with */
  private readonly end: number;
  private step: number;
  /** seconds of training since step 0; what is done between steps is left out */
  private seconds: number;
  private savedAt: number;
  private readonly guard = new DivergenceGuard();
  /** what the last line of metrics said, in short */
  private note = "";
  private lastWorkerEnd: number | null = null;
  /** of the last step's computation */
  private stepSeconds = Number.POSITIVE_INFINITY;
  /** whether something due at the last step was not drawn or measured */
  private isLacking = false;
  /** since the last line of metrics */
  private sinceLine = { seconds: 0, wait: 0, steps: 0 };
  /** by the last line; null: there is none yet */
  private secondsPerStep: number | null = null;

  constructor(private readonly setup: TrainingSetup) {
    const { experiment, stage, resumeFrom } = setup;
    this.config = experiment[stage];
    this.window = new MetricsWindow(experiment.diffusion.timesteps);
    this.window.restore(resumeFrom?.loop?.["window"]);
    this.step = resumeFrom?.step ?? 0;
    this.savedAt = this.step;
    this.end = Math.min(this.config.steps, setup.pauseAt ?? this.config.steps);
    this.seconds = resumeFrom?.elapsedSeconds ?? 0;
  }

  /** Trains from where the setup says to the end of the stage, or until asked to stop, or until the loss diverges. */
  async run(): Promise<TrainingEnd> {
    const { setup } = this;
    setup.run.status.update({ state: "running", forecasts: this.forecasts() });
    if (this.step > 0) await this.makeUp();
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
    if (this.step < this.config.steps) return this.paused();
    // A resume of a run that has not finished makes up for what the last step lacks.
    const reason = setup.stop.reason;
    return this.isLacking && reason !== null ? this.stopped(reason) : this.finished();
  }

  /** The session before may have ended between saving and drawing or measuring. */
  private async makeUp(): Promise<void> {
    const { step, setup } = this;
    if (this.samplesDue(step) && !setup.samples.has(step)) await this.drawSamples();
    if (!this.heldOutDue(step) && !this.evaluationDue(step)) return;
    let line: Line | undefined = readRunMetrics(setup.run.dir).find((read) => read.step === step);
    if (line === undefined) return;
    if (this.heldOutDue(step) && line.heldOutLoss === undefined) {
      line = await this.withHeldOut(line);
      setup.run.metrics.append(line);
    }
    if (this.evaluationDue(step) && line.kid === undefined) await this.evaluate(line, false);
  }

  private logStart(): void {
    const { run, startUp } = this.setup;
    startUp.mark("first step");
    run.log(startUp.line);
  }

  /** The batch of a step, counted from 0; null behind the last one. */
  private batchOf(step: number): TrainingBatch | null {
    return step < this.end ? this.setup.batches.batch(step) : null;
  }

  /**
   * Whether the step after the one at work may be asked for at once: nothing needs the weights in between. Long steps are not, so
   * that a stop has to wait for one only.
   */
  private mayAskAhead(): boolean {
    const done = this.step + 1;
    const isNeeded =
      this.samplesDue(done) ||
      this.heldOutDue(done) ||
      this.evaluationDue(done) ||
      this.passedCheckpoint(done) ||
      done === this.end;
    return !isNeeded && this.stepSeconds < AHEAD_SECONDS && this.setup.stop.reason === null;
  }

  private ask(step: number, batch: TrainingBatch): AskedStep {
    const { config } = this;
    const kept = { timesteps: batch.timesteps.slice(), nothing: lossOfNothing(batch) };
    const scalars = stepScalars(config, step, this.lineDue(step + 1));
    return { answer: this.setup.engine.step(batch, scalars), ...kept };
  }

  private isDue(step: number, every: number): boolean {
    return isDue(step, every, this.config.steps);
  }

  private samplesDue(step: number): boolean {
    return this.isDue(step, this.config.sample_every);
  }

  private heldOutDue(step: number): boolean {
    return this.setup.heldOut !== null && this.isDue(step, this.config.held_out_every);
  }

  private evaluationDue(step: number): boolean {
    return this.isDue(step, this.config.evaluate_every);
  }

  private lineDue(step: number): boolean {
    return this.isDue(step, this.config.log_every) || this.heldOutDue(step) || this.evaluationDue(step);
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
    this.sinceLine.seconds += seconds;
    this.sinceLine.wait += wait;
    this.sinceLine.steps++;
    this.setup.pace.stepTook(seconds);
  }

  private forecasts() {
    const { run, pace } = this.setup;
    return pace.forecasts(run.status.current.forecasts ?? [], this.step, run.status.workSeconds);
  }

  private async afterStep(result: TimedStep): Promise<void> {
    const { setup, step } = this;
    this.isLacking = false;
    let line: Line | null = this.lineDue(step) ? this.takeLine(result) : null;
    setup.progress.update(step, this.note, this.secondsLeft);
    const next = pieceFrom(setup.pace.pieces, step);
    if (next) setup.run.log(`the mask changes: ${pieceText(next)}`);
    setup.run.status.update({ step, imagesSeen: this.imagesAt(step), forecasts: this.forecasts() });
    if (line && this.heldOutDue(step)) line = await this.withHeldOut(line);
    if (line) setup.run.metrics.append(line);
    if (this.checkpointDue(step)) await this.checkpoint();
    if (this.samplesDue(step)) await this.drawSamples();
    if (line && this.evaluationDue(step)) await this.evaluate(line, true);
  }

  /** What is spent between steps is no time of training. */
  private async between<T>(kind: StageEvent, work: Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await work;
    this.setup.pace.eventTook(kind, (performance.now() - began) / 1000);
    this.lastWorkerEnd = null;
    return result;
  }

  private async drawSamples(): Promise<void> {
    if (!(await this.between("sampleGrids", this.setup.samples.write(this.step)))) this.isLacking = true;
  }

  /** Where images are held out. */
  private async withHeldOut(line: Line): Promise<Line> {
    this.showNote("measuring the held-out loss");
    const measured = await this.between("heldOut", this.setup.heldOut!.measure(this.step));
    if (measured === null) this.isLacking = true;
    return { ...line, ...measured };
  }

  /**
   * Writes the step's line again, with what the evaluation says: it takes long, and what is known is not to wait for it.
   * @param anew the step was trained just now
   */
  private async evaluate(line: Line, anew: boolean): Promise<void> {
    const { setup, step } = this;
    const measured = await this.between(
      "evaluations",
      setup.evaluations.evaluate(step, anew, (text) => this.showNote(text)),
    );
    if (measured === null) this.isLacking = true;
    else setup.run.metrics.append({ ...line, ...measured });
  }

  private get secondsLeft(): number | null {
    return this.secondsPerStep && this.setup.pace.secondsLeft(this.step, this.secondsPerStep);
  }

  private showNote(text: string): void {
    this.setup.progress.update(this.step, text, this.secondsLeft);
  }

  /** The line of metrics of the step just done. */
  private takeLine(result: TimedStep): Line {
    const { config, setup, step, sinceLine } = this;
    const means = this.window.take();
    const imagesPerSecond = sinceLine.seconds > 0 ? (sinceLine.steps * config.batch_size) / sinceLine.seconds : 0;
    const wait = sinceLine.seconds > 0 ? ((100 * sinceLine.wait) / sinceLine.seconds).toFixed(1) : "0.0";
    this.note = `${means.loss === null ? "" : `loss ${means.loss.toFixed(4)} · `}data wait ${wait} %`;
    this.secondsPerStep = imagesPerSecond > 0 ? config.batch_size / imagesPerSecond : null;
    setup.run.status.update({ loss: means.loss, imagesPerSecond, etaSeconds: this.secondsLeft });
    this.sinceLine = { seconds: 0, wait: 0, steps: 0 };
    return {
      step,
      images: this.imagesAt(step),
      seconds: this.seconds,
      ...means,
      lr: learningRate(config, step - 1),
      gradNorm: result.gradNorm,
      imagesPerSecond,
      dataWaitSeconds: sinceLine.wait,
      memoryBytes: process.memoryUsage.rss(),
    };
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
    const rule = { keep: config.keep_checkpoints, keepEvery: config.keep_every };
    const write = (runDir: string) => setup.engine.call("checkpoint", { runDir, state });
    await this.between("checkpoints", setup.run.saveCheckpoint(step, write, rule));
    this.savedAt = step;
  }

  private async stopped(reason: string): Promise<TrainingEnd> {
    this.setup.run.status.update({ state: "stopping" });
    this.setup.run.log(`stop asked for by ${reason}`);
    await this.checkpoint();
    return { state: "stopped", step: this.step, message: `stopped at step ${this.step} of ${this.config.steps}` };
  }

  private async paused(): Promise<TrainingEnd> {
    await this.checkpoint();
    return { state: "stopped", step: this.step, message: `paused at step ${this.step} of ${this.config.steps}` };
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
