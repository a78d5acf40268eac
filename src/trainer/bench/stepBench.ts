/** Times training steps exactly as the loop runs them: engine thread, batches made ready meanwhile, optimiser and EMA included. */
import type { TrainingBatch } from "../../core/batch/assemble.ts";
import { imageCost } from "../../core/cost/imageCost.ts";
import { UserError } from "../../core/errors.ts";
import type { OwnBackend } from "../../core/experiment/backendChoices.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import { modelShape } from "../../core/model/shape.ts";
import type { Stage } from "../../core/random/streams.ts";
import { trainsWithTorch } from "../../core/torch/trainsWithTorch.ts";
import { stepScalars } from "../../core/training/schedules.ts";
import type { Dataset } from "../data/dataset.ts";
import { EngineClient } from "../engine/client.ts";
import { engineThreads } from "../engine/engineThreads.ts";
import type { EngineFacts, TimedStep } from "../engine/messages.ts";
import { StepCancelled } from "../engine/stepCancelled.ts";
import { type BackendChoice, ownBackend } from "../engine/wantedBackend.ts";
import { BatchSource } from "../loop/batches.ts";
import { stepMemoryBudget } from "../loop/session.ts";
import { AHEAD_SECONDS } from "../loop/train.ts";

/** Images of the data set that a benchmark trains on; they are made up, and enough to leave the caches. */
export const BENCH_IMAGES = 512;

export interface StepTime {
  /** from the step before it on the loop's clock */
  readonly seconds: number;
  /** of the engine's own; the rest is what the loop adds around it */
  readonly engineSeconds: number;
  /** within the engine's: AdamW and the moving average, as far as forward and backward had to wait for them */
  readonly updateSeconds: number;
  /** mean over the batch */
  readonly loss: number;
}

export class StepBench {
  private step = 0;
  private next: TrainingBatch | null = null;
  /** of the last step's computation */
  private engineSeconds = Number.POSITIVE_INFINITY;

  private constructor(
    private readonly engine: EngineClient,
    private readonly source: BatchSource,
    private readonly experiment: Experiment,
    private readonly stage: Stage,
    readonly facts: EngineFacts,
  ) {}

  /**
   * Starts an engine for the first steps of a stage.
   * @param wanted another backend than the experiment's
   * @throws UserError where the backend is not to be had
   */
  static async start(
    experiment: Experiment,
    wanted: BackendChoice = timedBackend(experiment, false),
    stage: Stage = "pretrain",
  ): Promise<StepBench> {
    const source = new BatchSource(experiment, stage, madeUpImages(experiment));
    const engine = new EngineClient();
    const { batch_size: batchSize, micro_batch_size: microBatchSize } = experiment[stage];
    const { visibleTokens } = source.geometry(0);
    try {
      const facts = await engine.call("init", {
        wanted,
        threads: engineThreads(experiment),
        shape: modelShape(experiment),
        seed: experiment.seed,
        training: {
          batchSize,
          visibleTokens: [visibleTokens],
          first: visibleTokens,
          microBatchSize,
          budgetBytes: stepMemoryBudget(experiment),
        },
      });
      return new StepBench(engine, source, experiment, stage, facts);
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  get visibleTokens(): number {
    return this.source.geometry(0).visibleTokens;
  }

  /** Operations of the matrix products of one step, forward and backward. */
  get stepFlops(): number {
    const { trainingFlops } = imageCost(modelShape(this.experiment), this.visibleTokens);
    return this.experiment[this.stage].batch_size * trainingFlops;
  }

  /** Starts from the weights of a safetensors file. */
  async load(file: string): Promise<void> {
    await this.engine.call("load", { kind: "start", file });
  }

  /** Runs steps as the loop asks for them: quick ones ahead, and the next batch is made ready while the engine works. */
  async run(steps: number): Promise<StepTime[]> {
    const times: StepTime[] = [];
    const asked: Promise<TimedStep>[] = [];
    let from = performance.now();
    while (times.length < steps) {
      const ahead = this.engineSeconds < AHEAD_SECONDS ? 2 : 1;
      while (asked.length < Math.min(ahead, steps - times.length)) {
        asked.push(this.stepOn(this.next ?? this.source.batch(this.step)));
        this.next = this.source.batch(this.step);
      }
      const { losses, startedAt, endedAt, updateSeconds, buffers } = await asked.shift()!;
      this.source.giveBack(buffers);
      this.engineSeconds = (endedAt - startedAt) / 1000;
      const now = performance.now();
      const seconds = (now - from) / 1000;
      times.push({ seconds, engineSeconds: this.engineSeconds, updateSeconds, loss: mean(losses) });
      from = now;
    }
    return times;
  }

  /** One step on a batch, whose arrays move to the engine. */
  stepOn(batch: TrainingBatch): Promise<TimedStep> {
    const answer = this.engine.step(batch, stepScalars(this.experiment[this.stage], this.step++, false));
    const whole = answer.then((step) => {
      if (step === null) throw new StepCancelled();
      return step;
    });
    whole.catch(() => {});
    return whole;
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}

/**
 * @param autoTakesTorch whether `auto` counts as PyTorch
 * @throws UserError where it is another program that trains
 */
export function timedBackend(experiment: Experiment, autoTakesTorch: boolean): OwnBackend {
  if (!trainsWithTorch(experiment, autoTakesTorch)) return ownBackend(experiment);
  const { backend } = experiment.engine;
  throw new UserError(
    `engine.backend: ${backend} trains with PyTorch here, which cannot be timed beforehand: how long a run of it takes is known when it is at work. \`--set engine.backend=native\` times this program's own engine.`,
  );
}

/** Mean of the images' losses. */
export function mean(losses: Float32Array): number {
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

function madeUpImages({ data }: Experiment): Dataset {
  const imageBytes = data.image_size * data.image_size * data.channels;
  const pixels = Uint8Array.from(
    { length: BENCH_IMAGES * imageBytes },
    (_, i) => (Math.imul(i, 2654435761) >>> 24) & 255,
  );
  const images = Array.from({ length: BENCH_IMAGES }, (_, i) => ({ path: `${i}`, label: 0, className: null }));
  const all = { count: BENCH_IMAGES, images, pixelDigests: "", imageBytes };
  return {
    ...all,
    heldOut: { ...all, count: 0, images: [], readInto() {} },
    classes: [],
    broken: [],
    notes: [],
    greyHint: null,
    readInto(indices, out) {
      indices.forEach((index, i) => {
        out.set(pixels.subarray(index * imageBytes, (index + 1) * imageBytes), i * imageBytes);
      });
    },
    close() {},
  };
}
