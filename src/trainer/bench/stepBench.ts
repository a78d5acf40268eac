/** Times training steps exactly as the loop runs them: engine thread, batches made ready meanwhile, optimiser and EMA included. */
import type { TrainingBatch } from "../../core/batch/assemble.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import type { Dataset } from "../data/dataset.ts";
import { EngineClient } from "../engine/client.ts";
import { matrixProductFlops } from "../engine/graph/graph.ts";
import type { EngineFacts } from "../engine/messages.ts";
import { trainingGraph } from "../engine/model/graphs.ts";
import { modelShape } from "../engine/model/parameters.ts";
import { BatchSource } from "../loop/batches.ts";
import { engineThreads, stepMemoryBudget } from "../loop/session.ts";

/** Images of the data set that a benchmark trains on; they are made up, and enough to leave the caches. */
const IMAGES = 512;

export class StepBench {
  private step = 0;
  private next: TrainingBatch;

  private constructor(
    private readonly engine: EngineClient,
    private readonly source: BatchSource,
    private readonly experiment: Experiment,
    readonly facts: EngineFacts,
  ) {
    this.next = source.batch(0);
  }

  /** Starts an engine for pretraining steps of an experiment. @throws UserError where the backend is not to be had */
  static async start(experiment: Experiment): Promise<StepBench> {
    const source = new BatchSource(experiment, "pretrain", madeUpImages(experiment));
    const engine = new EngineClient();
    const { batch_size: batchSize, micro_batch_size: microBatchSize } = experiment.pretrain;
    const { visibleTokens } = source.mask;
    const facts = await engine.call("init", {
      wanted: experiment.engine.backend,
      threads: engineThreads(experiment),
      shape: modelShape(experiment),
      seed: experiment.seed,
      training: { batchSize, visibleTokens, microBatchSize, budgetBytes: stepMemoryBudget(experiment) },
    });
    return new StepBench(engine, source, experiment, facts);
  }

  get visibleTokens(): number {
    return this.source.mask.visibleTokens;
  }

  /** Operations of the matrix products of one step, forward and backward. */
  get stepFlops(): number {
    const { batch_size: batch } = this.experiment.pretrain;
    const { microBatchSize } = this.facts;
    const graph = trainingGraph(modelShape(this.experiment), microBatchSize, this.visibleTokens);
    return matrixProductFlops(graph) * (batch / microBatchSize);
  }

  /** Runs steps. @returns seconds of each */
  async run(steps: number): Promise<number[]> {
    const seconds: number[] = [];
    for (let i = 0; i < steps; i++) {
      const from = performance.now();
      await this.oneStep();
      seconds.push((performance.now() - from) / 1000);
    }
    return seconds;
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  private async oneStep(): Promise<void> {
    const { betas, weight_decay: weightDecay, clip_grad: clipGrad, ema_decay: emaDecay, lr } = this.experiment.pretrain;
    const [beta1, beta2] = betas;
    const update = ++this.step;
    const scalars = { clipGrad, wantGradNorm: false, lr, weightDecay, beta1, beta2, epsilon: 1e-8, update, emaDecay };
    const pending = this.engine.call("step", { batch: this.next, scalars });
    this.next = this.source.batch(update);
    await pending;
  }
}

function madeUpImages({ data }: Experiment): Dataset {
  const imageBytes = data.image_size * data.image_size * data.channels;
  const pixels = Uint8Array.from({ length: IMAGES * imageBytes }, (_, i) => (Math.imul(i, 2654435761) >>> 24) & 255);
  const images = Array.from({ length: IMAGES }, (_, i) => ({ path: `${i}`, label: 0 }));
  return {
    count: IMAGES,
    images,
    classes: [],
    broken: [],
    imageBytes,
    readInto(indices, out) {
      indices.forEach((index, i) => {
        out.set(pixels.subarray(index * imageBytes, (index + 1) * imageBytes), i * imageBytes);
      });
    },
    close() {},
  };
}
