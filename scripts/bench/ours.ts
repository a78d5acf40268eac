/** This project's engine as the benchmark drives it: the training loop's own batches, worker thread and pipelining. */

import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import type { TrainingBatch } from "../../src/core/batch/assemble.ts";
import { toPatchEmbedOrder } from "../../src/core/batch/tokens.ts";
import { type Experiment, experimentSchema } from "../../src/core/experiment/schema.ts";
import { emaDecay, learningRate } from "../../src/core/training/schedules.ts";
import type { Dataset } from "../../src/trainer/data/dataset.ts";
import { EngineClient } from "../../src/trainer/engine/client.ts";
import { modelShape, parameterSpecs } from "../../src/trainer/engine/model/parameters.ts";
import { BatchSource } from "../../src/trainer/loop/batches.ts";
import { type Command, commandSchema, type Network } from "./protocol.ts";

type CommandOf<C extends Command["cmd"]> = Extract<Command, { cmd: C }>;

const DATASET_SIZE = 1024;
/** Micro-batches are given, not chosen: no memory budget. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;

let threads = 1;
let backend: Experiment["engine"]["backend"] = "onnx";

/** Random images in memory. */
function syntheticDataset({ image_size, channels }: Network): Dataset {
  const imageBytes = image_size * image_size * channels;
  const pixels = Uint8Array.from({ length: DATASET_SIZE * imageBytes }, () => Math.floor(Math.random() * 256));
  return {
    count: DATASET_SIZE,
    images: Array.from({ length: DATASET_SIZE }, (_, i) => ({ path: `${i}`, label: 0 })),
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

function experimentOf(config: Network, maskRate: number, batchSize: number, microBatch: number): Experiment {
  const { image_size, channels, ...model } = config;
  const stage = { batch_size: batchSize, micro_batch_size: microBatch };
  return experimentSchema.parse({
    data: { path: ".", image_size, channels },
    model,
    mask: { strategy: "patch", rate: maskRate },
    diffusion: { schedule: "linear" },
    pretrain: stage,
    finetune: stage,
    engine: { backend, threads },
  });
}

async function startEngine(experiment: Experiment, visibleTokens: number, seed: number): Promise<EngineClient> {
  const { batch_size: batchSize, micro_batch_size: microBatchSize } = experiment.pretrain;
  const engine = new EngineClient();
  await engine.call("init", {
    wanted: experiment.engine.backend,
    threads,
    shape: modelShape(experiment),
    seed,
    training: { batchSize, visibleTokens, microBatchSize, budgetBytes: UNLIMITED },
  });
  return engine;
}

/** Steps as the training loop makes them: the next batch is assembled while the engine works. */
class Trainer {
  private step = 0;
  private next: TrainingBatch;

  constructor(
    readonly engine: EngineClient,
    private readonly experiment: Experiment,
    private readonly batches: BatchSource,
  ) {
    this.next = batches.batch(0);
  }

  async run(steps: number): Promise<number> {
    let losses: Float32Array = new Float32Array(1);
    for (let i = 0; i < steps; i++) {
      const pending = stepOn(this.engine, this.experiment, this.next, this.step);
      this.next = this.batches.batch(++this.step);
      losses = (await pending).losses;
    }
    return mean(losses);
  }
}

function stepOn(engine: EngineClient, experiment: Experiment, batch: TrainingBatch, step: number) {
  const config = experiment.pretrain;
  const { tokens, target, visible, timesteps, weight } = batch;
  const buffers = new Set([tokens, target, visible, timesteps, weight].map((array) => array.buffer));
  const scalars = {
    clipGrad: null,
    wantGradNorm: false,
    lr: learningRate(config, step),
    weightDecay: config.weight_decay,
    beta1: config.betas[0],
    beta2: config.betas[1],
    epsilon: 1e-8,
    update: step + 1,
    emaDecay: emaDecay(step + 1, config.ema_decay),
  };
  return engine.call("step", { batch, scalars }, [...buffers]);
}

const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

let trainer: Trainer | null = null;

async function setup({ config, maskRate, batchSize, microBatch, seed }: CommandOf<"setup">): Promise<object> {
  const experiment = experimentOf(config, maskRate, batchSize, microBatch);
  const batches = new BatchSource(experiment, maskRate > 0 ? "pretrain" : "finetune", syntheticDataset(config));
  const engine = await startEngine(experiment, batches.mask.visibleTokens, seed);
  trainer = new Trainer(engine, experiment, batches);
  const parameters = parameterSpecs(modelShape(experiment)).reduce(
    (sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1),
    0,
  );
  return { visibleTokens: batches.mask.visibleTokens, parameters };
}

async function steps({ n }: CommandOf<"steps">): Promise<object> {
  if (!trainer) throw new Error("setup comes first");
  const start = performance.now();
  const loss = await trainer.run(n);
  return { seconds: (performance.now() - start) / 1000, loss };
}

/** Losses before each of n updates on one given batch. */
async function follow({ config, n, modelFile, folder, batchSize, visibleTokens }: CommandOf<"follow">) {
  const experiment = experimentOf(config, 0, batchSize, batchSize);
  const engine = await startEngine(experiment, visibleTokens, 0);
  await engine.call("load", { kind: "start", file: modelFile });
  const read = (name: string) => {
    const bytes = readFileSync(path.join(folder, name));
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  };
  const shape = { imageSize: config.image_size, channels: config.channels, patchSize: config.patch_size };
  const losses: number[] = [];
  for (let step = 0; step < n; step++) {
    const batch: TrainingBatch = {
      batchSize,
      visibleTokens,
      tokens: toPatchEmbedOrder(new Float32Array(read("tokens.f32")), shape),
      target: new Float32Array(read("target.f32")),
      timesteps: new Int32Array(read("timesteps.i32")),
      visible: new Int32Array(read("visible.i32")),
      weight: new Float32Array(batchSize).fill(1),
      labels: null,
    };
    losses.push(mean((await stepOn(engine, experiment, batch, step)).losses));
  }
  await engine.close();
  return { losses };
}

async function hello(command: CommandOf<"hello">): Promise<object> {
  threads = command.threads;
  backend = experimentSchema.shape.engine.unwrap().shape.backend.parse(command.backend);
  const probe = new EngineClient();
  const config: Network = { image_size: 4, channels: 1, patch_size: 4, embed_dim: 8, depth: 1, num_heads: 1 };
  const facts = await probe.call("init", {
    wanted: backend,
    threads,
    shape: modelShape(experimentOf(config, 0, 1, 1)),
    seed: 0,
    training: null,
  });
  await probe.close();
  return { backend: facts.backend, version: `${facts.version}, Node.js ${process.versions.node}`, threads };
}

async function answer(command: Command): Promise<object> {
  switch (command.cmd) {
    case "hello":
      return hello(command);
    case "setup":
      return setup(command);
    case "steps":
      return steps(command);
    case "memory":
      return { peakMemoryBytes: process.resourceUsage().maxRSS * 1024 };
    case "follow":
      return follow(command);
    case "quit":
      process.exit(0);
  }
}

for await (const line of createInterface(process.stdin)) {
  let reply: object;
  try {
    reply = { ok: true, ...(await answer(commandSchema.parse(JSON.parse(line)))) };
  } catch (error) {
    reply = { ok: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
process.exit(0);
