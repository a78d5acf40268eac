/** The training engine: one model, its optimiser state and its compiled graphs on one backend. */
import type { TrainingBatch } from "../../core/batch/assemble.ts";
import type { Backbone } from "../../core/model/backbone.ts";
import { backboneOf, parameterSpecs } from "../../core/model/backbones.ts";
import { predictionGraph, trainingGraph } from "../../core/model/graphs.ts";
import { requireStudioNetwork } from "../../core/model/ownNetwork.ts";
import { initialise } from "../../core/model/parameterSpec.ts";
import { requireFit } from "../../core/model/requireFit.ts";
import { type ModelShape, tokenCount } from "../../core/model/shape.ts";
import type { NamedTensor } from "../../core/model/tensor.ts";
import { timeEmbedding } from "../../core/model/timeEmbedding.ts";
import { tokenFeeds } from "../../core/model/tokenFeeds.ts";
import type { AdamWScalars } from "../../core/training/adamW.ts";
import type { Backend, Feed } from "./backend.ts";
import { HostLearner } from "./hostLearner.ts";
import type { Learner, PredictionProgram, TrainingProgram } from "./learner.ts";
import { ParameterStore } from "./optimizer/parameterStore.ts";

export interface EngineConfig {
  readonly shape: ModelShape;
  readonly seed: number;
}

/** The optimiser's part of one step. */
export interface StepScalars extends Omit<AdamWScalars, "gradientScale"> {
  readonly microBatchSize: number;
  /** largest gradient norm; null = no clipping */
  readonly clipGrad: number | null;
  /** whether the gradient norm is wanted even without clipping; it costs a pass over the gradients */
  readonly wantGradNorm: boolean;
}

export interface StepResult {
  /** weighted loss of each image, [B] */
  readonly losses: Float32Array;
  /** before clipping; null when not asked for */
  readonly gradNorm: number | null;
  /** false when the loss or the gradient was not finite: the weights were left as they were */
  readonly applied: boolean;
  /** of AdamW and the moving average, as far as the rest of the step had to wait for them */
  readonly updateSeconds: number;
}

/** Tensor groups of a checkpoint. */
export interface EngineTensors {
  readonly raw: NamedTensor[];
  readonly ema: NamedTensor[];
  readonly optimizer: NamedTensor[];
}

const FIRST_MOMENT = "exp_avg.";
const SECOND_MOMENT = "exp_avg_sq.";
const ONE = Float32Array.of(1);

interface ConstantTensor extends NamedTensor {
  readonly inCheckpoints: boolean;
}

export class Engine {
  private readonly store: ParameterStore;
  private readonly backbone: Backbone;
  private readonly constants: readonly ConstantTensor[];
  private readonly learner: Learner;
  /** the training program at work: one at a time, as each holds memory for all activations */
  private current: { readonly key: string; readonly program: Promise<TrainingProgram> } | null = null;
  private readonly predictions = new Map<string, Promise<PredictionProgram>>();

  constructor(
    readonly backend: Backend,
    readonly config: EngineConfig,
  ) {
    requireStudioNetwork(config.shape);
    this.backbone = backboneOf(config.shape);
    this.constants = this.backbone
      .constants(config.shape)
      .map(({ name, shape, values, inCheckpoints }) => ({ name, shape, data: values(), inCheckpoints }));
    const specs = parameterSpecs(config.shape);
    this.store = new ParameterStore(specs);
    specs.forEach((spec, i) => {
      initialise(spec, i, config.seed, this.store.slot("raw").get(spec.name)!);
    });
    this.copyRawToEma();
    this.learner = backend.learner?.(this.store) ?? new HostLearner(backend, this.store);
  }

  /** Names of the model's tensors, as checkpoints have them. */
  get parameterNames(): ReadonlySet<string> {
    return new Set(this.store.tensors("raw").map(({ name }) => name));
  }

  /** Views of everything a checkpoint holds, as it is until the next step. */
  async tensors(): Promise<EngineTensors> {
    await this.learner.toHost();
    const constants = this.constants.filter(({ inCheckpoints }) => inCheckpoints);
    return {
      raw: [...this.store.tensors("raw"), ...constants],
      ema: [...this.store.tensors("ema"), ...constants],
      optimizer: [...this.store.tensors("m", FIRST_MOMENT), ...this.store.tensors("v", SECOND_MOMENT)],
    };
  }

  /**
   * Takes over tensors by name.
   * @param into raw or ema weights, or the optimiser's moments
   * @throws UserError naming what does not fit, or where values are not finite
   */
  async load(
    tensors: ReadonlyMap<string, NamedTensor>,
    into: "raw" | "ema" | "optimizer",
    source: string,
  ): Promise<void> {
    const constants = new Set(this.constants.map(({ name }) => name));
    const own = (await this.tensors())[into].filter(({ name }) => !constants.has(name));
    requireFit(tensors, own, this.constants, source);
    for (const tensor of own) tensor.data.set(tensors.get(tensor.name)!.data);
    this.learner.hostChanged();
  }

  /** Lets the moving average start again from the raw weights. */
  async restartEma(): Promise<void> {
    await this.learner.toHost();
    this.copyRawToEma();
    this.learner.hostChanged();
  }

  private copyRawToEma(): void {
    const ema = this.store.slot("ema");
    for (const [name, data] of this.store.slot("raw")) ema.get(name)!.set(data);
  }

  /** Compiles the graph of a training step ahead of the first one. */
  async prepare(microBatchSize: number, visibleTokens: number): Promise<void> {
    await this.training(microBatchSize, visibleTokens);
  }

  /** One optimiser step on one batch: gradients by micro-batches, clipping, AdamW, moving average. */
  async trainStep(batch: TrainingBatch, scalars: StepScalars): Promise<StepResult> {
    const { microBatchSize } = scalars;
    const losses = new Float32Array(batch.batchSize);
    const program = await this.training(microBatchSize, batch.visibleTokens);
    const { clipGrad, wantGradNorm } = scalars;
    // Nothing has to be known of all gradients before the first weight may change.
    const early = clipGrad === null && !wantGradNorm ? { ...scalars, gradientScale: 1 } : null;
    let mean = 0;
    let updateSeconds: number | null = null;
    for (let start = 0; start < batch.batchSize; start += microBatchSize) {
      const part = losses.subarray(start, start + microBatchSize);
      const isLast = start + microBatchSize >= batch.batchSize;
      const update = isLast && Number.isFinite(mean) ? early : null;
      updateSeconds = await program.run(this.trainingInputs(batch, start, microBatchSize), part, start > 0, update);
      for (const loss of part) mean += loss;
    }
    // The graph summed weight / B; each image's own weighted loss is B times its share.
    for (let b = 0; b < losses.length; b++) losses[b] = losses[b]! * batch.batchSize;
    if (updateSeconds !== null) return { losses, gradNorm: null, applied: true, updateSeconds };
    const gradNorm = clipGrad !== null || wantGradNorm ? await this.learner.gradientNorm() : null;
    if (!Number.isFinite(mean) || (gradNorm !== null && !Number.isFinite(gradNorm))) {
      return { losses, gradNorm, applied: false, updateSeconds: 0 };
    }
    const isClipped = clipGrad !== null && gradNorm !== null && gradNorm > clipGrad;
    const startedAt = performance.now();
    await this.learner.update({ ...scalars, gradientScale: isClipped ? clipGrad / (gradNorm + 1e-6) : 1 });
    return { losses, gradNorm, applied: true, updateSeconds: (performance.now() - startedAt) / 1000 };
  }

  /** Whether every weight is finite; checked before a checkpoint replaces a good one. */
  async isFinite(): Promise<boolean> {
    await this.learner.toHost();
    return Number.isFinite(this.store.norm("raw")) && Number.isFinite(this.store.norm("ema"));
  }

  /**
   * The network's raw output for whole images, or for what is visible of them.
   * @param tokens x_t, [B, F, e] in (C, p1, p2) order
   * @param labels [B], numClasses for none; null when unconditional
   * @param visible token indices as in a training batch, [B, S]; null: all are
   * @returns [B, F, e] in (p1, p2, C) order
   */
  async predict(
    tokens: Float32Array,
    timesteps: Int32Array,
    labels: Int32Array | null,
    weights: "raw" | "ema",
    visible: Int32Array | null = null,
  ): Promise<Float32Array> {
    const { shape } = this.config;
    const batchSize = timesteps.length;
    const S = visible === null ? tokenCount(shape) : visible.length / batchSize;
    const program = await cached(this.predictions, `${batchSize} ${S}`, () =>
      this.learner.prediction(predictionGraph(shape, batchSize, S, this.backend.composites)),
    );
    const inputs = this.constantInputs();
    inputs.set("tokens", tokens);
    inputs.set("timeEmbedding", this.timeEmbedding(timesteps));
    if (labels) inputs.set("labels", labels);
    if (visible) for (const [name, feed] of tokenFeeds(shape, visible, batchSize)) inputs.set(name, feed);
    const output = new Float32Array(tokens.length);
    await program.run(weights, inputs, output);
    return output;
  }

  async dispose(): Promise<void> {
    for (const program of this.predictions.values()) await (await program).dispose();
    this.predictions.clear();
    await this.freeTraining();
    await this.learner.dispose();
  }

  /** The program for steps of this kind; that of another kind is freed first. */
  private async training(microBatchSize: number, visibleTokens: number): Promise<TrainingProgram> {
    const key = `${microBatchSize} ${visibleTokens}`;
    if (this.current?.key !== key) {
      await this.freeTraining();
      const graph = trainingGraph(this.config.shape, microBatchSize, visibleTokens, this.backend.composites);
      this.current = { key, program: this.learner.training(graph) };
    }
    return this.current.program;
  }

  private async freeTraining(): Promise<void> {
    await (await this.current?.program)?.dispose();
    this.current = null;
  }

  private constantInputs(): Map<string, Feed> {
    return new Map(this.constants.map(({ name, data }) => [name, data]));
  }

  private timeEmbedding(timesteps: Int32Array): Float32Array {
    return timeEmbedding(timesteps, this.backbone.timeEmbeddingWidth(this.config.shape));
  }

  private trainingInputs(batch: TrainingBatch, start: number, count: number): Map<string, Feed> {
    const { shape } = this.config;
    const S = batch.visibleTokens;
    const per = batch.tokens.length / batch.batchSize;
    const end = start + count;
    const inputs = this.constantInputs();
    inputs.set("one", ONE);
    inputs.set("tokens", batch.tokens.subarray(start * per, end * per));
    inputs.set("target", batch.target.subarray(start * per, end * per));
    inputs.set("timeEmbedding", this.timeEmbedding(batch.timesteps.subarray(start, end)));
    inputs.set(
      "weight",
      batch.weight.subarray(start, end).map((weight) => weight / batch.batchSize),
    );
    if (batch.labels) inputs.set("labels", batch.labels.slice(start, end));
    for (const [name, feed] of tokenFeeds(shape, batch.visible.subarray(start * S, end * S), count))
      inputs.set(name, feed);
    return inputs;
  }
}

/** What a map holds for a key, made on the first demand. */
function cached<T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = map.get(key) ?? make();
  map.set(key, known);
  return known;
}
